import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { context } from "@opentelemetry/api";
import { newId } from "@tandem/kernel";
import { runInContext } from "@tandem/runtime";
import { type CallState, callKey, edgeKey, withCall } from "../call.ts";
import { CORRELATION_HEADER, IDEMPOTENCY_HEADER } from "../headers.ts";
import { readTimeoutMs } from "../read-timeout.ts";
import { observed } from "./stream-end.ts";

export interface DeadlineLimits {
  /** For calls that bring no timeout. */
  readonly defaultDeadlineMs: number;
  /** Longer timeouts are cut to it. */
  readonly maxDeadlineMs: number;
}

/**
 * 2. Correlation id, and with it the call's context: the caller's id (or a new one), deadline and signal, for everything below.
 * The id goes back in the response, errors included.
 */
export const openCall =
  (limits: DeadlineLimits): Interceptor =>
  (next) =>
  async (req) => {
    const edge = req.contextValues.get(edgeKey);
    const given = req.header.get(CORRELATION_HEADER);
    const correlationId = given !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : newId();
    const asked = readTimeoutMs(req.header);
    const timeoutMs =
      asked === undefined ? (req.stream ? undefined : limits.defaultDeadlineMs) : Math.min(asked, limits.maxDeadlineMs);
    const ended = new AbortController();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => ended.abort(new DeadlinePassed()), timeoutMs);
    // By hand, as AbortSignal.any costs several times as much, on every call.
    const onGone = (): void => ended.abort(req.signal.reason);
    if (req.signal.aborted) onGone();
    else req.signal.addEventListener("abort", onGone, { once: true });
    const over = (): void => {
      clearTimeout(timer);
      req.signal.removeEventListener("abort", onGone);
    };
    const { signal } = ended;
    const state: CallState = {
      principal: undefined,
      caller: undefined,
      bearer: undefined,
      correlationId,
      protocol: edge?.protocol ?? "connect",
      peer: edge?.peer ?? "",
      deadlineAt: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
      signal,
      idempotencyKey: req.header.get(IDEMPOTENCY_HEADER) ?? undefined,
      failure: undefined,
      concealed: [],
    };
    req.contextValues.set(callKey, state);
    const inContext = {
      correlationId,
      signal,
      ...(state.deadlineAt === undefined ? {} : { deadlineAt: state.deadlineAt }),
    };
    return runInContext(inContext, () => {
      const within = withCall(context.active(), state);
      return context.with(within, async () => {
        try {
          const response = await observed(() => next({ ...req, signal }), over, within);
          response.header.set(CORRELATION_HEADER, correlationId);
          return response;
        } catch (error) {
          if (error instanceof ConnectError) error.metadata.set(CORRELATION_HEADER, correlationId);
          throw error;
        }
      });
    });
  };

/** The reason with which a call's signal aborts at its deadline. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
  constructor() {
    super("the call's deadline has passed");
  }
}
