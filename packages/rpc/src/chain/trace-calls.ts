import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { context, SpanKind, trace } from "@opentelemetry/api";
import { failSpan, type Telemetry, withTraceparent } from "@tandem/runtime";
import { edgeKey } from "../call.ts";
import { nameOfCode } from "../errors/codes.ts";
import { TRACE_HEADER } from "../headers.ts";
import { observed } from "./stream-end.ts";

/**
 * 1. A server span per call, child of the caller's trace. Everything below, SQL and outbox included, hangs under it. Answers and errors
 * carry the trace's id.
 */
export const traceCalls =
  ({ tracer }: Pick<Telemetry, "tracer">): Interceptor =>
  (next) =>
  (req) => {
    const edge = req.contextValues.get(edgeKey);
    if (edge !== undefined) edge.reached = true;
    return withTraceparent(req.header.get("traceparent") ?? undefined, async () => {
      const span = tracer.startSpan(`${req.service.typeName}/${req.method.name}`, {
        kind: SpanKind.SERVER,
        attributes: {
          "rpc.system": edge?.protocol ?? "connect",
          "rpc.service": req.service.typeName,
          "rpc.method": req.method.name,
        },
      });
      const { traceId } = span.spanContext();
      const within = trace.setSpan(context.active(), span);
      const end = (error?: unknown): void => {
        if (error !== undefined) {
          const { code } = ConnectError.from(error);
          span.setAttribute("rpc.status_code", nameOfCode(code));
          // A caller's mistake is not the server's failure: traces of 404s are not painted red.
          if (isServerFault(code)) failSpan(span, (error as Error).cause ?? error);
        }
        span.end();
      };
      try {
        const response = await context.with(within, () => observed(() => next(req), end, within));
        response.header.set(TRACE_HEADER, traceId);
        return response;
      } catch (error) {
        if (error instanceof ConnectError) error.metadata.set(TRACE_HEADER, traceId);
        throw error;
      }
    });
  };

const serverFaults: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);
export const isServerFault = (code: Code): boolean => serverFaults.has(code);
