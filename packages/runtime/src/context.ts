import { randomUUID } from "node:crypto";
import { type Context, context, createContextKey } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

/** What travels with one unit of work (a request, a message, a job run), across every `await` below it. */
export interface RequestContext {
  /** Stable id of the whole business interaction; taken from the caller, or new. Goes into logs and outgoing events. */
  readonly correlationId: string;
  /** Subject of the authenticated caller. */
  readonly subject?: string;
  /** When the caller stops waiting, in epoch milliseconds. Outgoing calls take their deadline from it. */
  readonly deadlineAt?: number;
  /** Aborted when the caller gave up or the process is draining. */
  readonly signal?: AbortSignal;
}

// One AsyncLocalStorage for spans and for our own context. The global slot lives on globalThis (by API major version),
// so a second copy of this module, or a host that set its own manager, keeps the first: both carry our keys.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const REQUEST_CONTEXT = createContextKey("tandem.request-context");

/**
 * Runs `fn` with `values` laid over the current context; what `values` leaves out is inherited. Where no correlation id is
 * given or inherited, a new one begins.
 */
export const runInContext = <T>(values: Partial<RequestContext>, fn: () => T): T => {
  const active = context.active();
  const inherited = requestContextOf(active);
  const correlationId = values.correlationId ?? inherited?.correlationId ?? randomUUID();
  return context.with(active.setValue(REQUEST_CONTEXT, { ...inherited, ...values, correlationId }), fn);
};

/** The context of the work in progress; undefined outside of any. */
export const currentContext = (): RequestContext | undefined => requestContextOf(context.active());

const requestContextOf = (from: Context): RequestContext | undefined =>
  from.getValue(REQUEST_CONTEXT) as RequestContext | undefined;
