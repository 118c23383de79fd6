import { context, isSpanContextValid, trace } from "@opentelemetry/api";
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger as PinoLogger,
  pino,
  stdTimeFunctions,
} from "pino";
import { currentContext } from "./context.ts";
import { maskDeep, maskText } from "./mask.ts";

export type Logger = PinoLogger;
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export interface LoggerOptions {
  /** Name of the binary; in every line. */
  readonly service: string;
  /** Default "info". */
  readonly level?: LogLevel;
  /** Where lines go. Default: standard output, synchronously, so that a crash loses none. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines with ISO time, the current trace and correlation id, and no secrets: values under secret-looking keys are
 * masked at any depth, and credentials inside text (URLs, bearer tokens, JWTs) wherever they stand, stack traces included.
 */
export const createLogger = ({ service, level = "info", destination }: LoggerOptions): Logger => {
  const logger = pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      mixin: currentIds,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => maskDeep(fields) as Record<string, unknown>,
      },
      serializers: { err: serializeError, error: serializeError },
      hooks: { streamWrite: maskText },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  // pino resets `formatters.bindings` for children; a child inherits this method instead.
  const child = logger.child as unknown as (this: unknown, bindings: Bindings, options?: ChildLoggerOptions) => Logger;
  logger.child = function maskedChild(this: unknown, bindings: Bindings, options?: ChildLoggerOptions) {
    return child.call(this, maskDeep(bindings) as Bindings, options);
  } as unknown as Logger["child"];
  return logger;
};

const currentIds = (): Record<string, string> => {
  const ids: Record<string, string> = {};
  const span = trace.getSpanContext(context.active());
  if (span && isSpanContextValid(span)) {
    ids["trace_id"] = span.traceId;
    ids["span_id"] = span.spanId;
  }
  const correlationId = currentContext()?.correlationId;
  if (correlationId) ids["correlationId"] = correlationId;
  return ids;
};

const MAX_CAUSES = 5;
// What an AppError or a Postgres error says about itself. Not `detail` or `where`: they quote row values.
const ERROR_FIELDS = ["code", "kind", "retryable", "details", "constraint", "table", "severity", "errno", "syscall"];

/** Type, message, stack, the telling fields, and the chain of causes; never the error's other properties. */
export const serializeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return maskDeep(error);
  const fields: Record<string, unknown> = { type: error.name, message: error.message };
  for (const name of ERROR_FIELDS) {
    const value = (error as unknown as Record<string, unknown>)[name];
    if (value !== undefined && value !== "") fields[name] = value;
  }
  fields["stack"] = error.stack;
  if (error instanceof AggregateError)
    fields["errors"] = error.errors.slice(0, 10).map((item) => serializeError(item, depth + 1));
  if (error.cause !== undefined && depth < MAX_CAUSES) fields["cause"] = serializeError(error.cause, depth + 1);
  return maskDeep(fields);
};
