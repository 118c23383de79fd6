import { type ContextValues, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { type Context, context, createContextKey as createOtelKey } from "@opentelemetry/api";
import type { Principal } from "@tandem/auth";
import { AppError } from "@tandem/kernel";

export type Protocol = "connect" | "grpc" | "grpc-web" | "rest";

/** What the server knows about the call that a handler answers. */
export interface Call {
  /** On whose behalf the call is made: the user, or the service itself. Anonymous only for public methods. */
  readonly principal: Principal;
  /** The service that forwards a user's token, when it said who it is. */
  readonly caller: Principal | undefined;
  readonly correlationId: string;
  readonly protocol: Protocol;
  /** Address that the call came from, as far as the trusted proxies tell. */
  readonly peer: string;
  /** When the caller stops waiting, in epoch milliseconds. Undefined only for streams without a timeout. */
  readonly deadlineAt: number | undefined;
  /** Milliseconds left, never negative; Infinity without a deadline. */
  remainingMs(): number;
  /** Aborted when the deadline passes, the caller hangs up, or the server stops. Pass it on to everything that can wait. */
  readonly signal: AbortSignal;
  /** The caller's `Idempotency-Key`, validated. Fit for a unique constraint in the business transaction. */
  readonly idempotencyKey: string | undefined;
}

/** The server's own, growing view of a call: each interceptor fills in its part. */
export interface CallState {
  principal: Principal | undefined;
  caller: Principal | undefined;
  bearer: string | undefined;
  correlationId: string;
  protocol: Protocol;
  peer: string;
  deadlineAt: number | undefined;
  signal: AbortSignal;
  idempotencyKey: string | undefined;
  /** Set by the innermost interceptors for the outer ones to report. */
  failure: { readonly slug: string; readonly cause: unknown } | undefined;
  /** Errors of single items in a batch that answers as a whole: for the log, as the answer shows nothing of them. */
  readonly concealed: unknown[];
}

/** What the listener knows before the chain runs. */
export interface Edge {
  readonly protocol: Protocol;
  /** Address of the peer; of the client, when the call came through a door that we trust. */
  readonly peer: string;
  /** It came through that door, which has limited the rate of its address already. */
  readonly viaDoor: boolean;
  /** Set by the chain. A call that ends without was refused before it: bad path, malformed body, unknown content type. */
  reached: boolean;
}

export const edgeKey = createContextKey<Edge | undefined>(undefined, { description: "tandem.rpc.edge" });
export const callKey = createContextKey<CallState | undefined>(undefined, { description: "tandem.rpc.call" });
const currentCallKey = createOtelKey("tandem.rpc.current-call");

export const callStateOf = (values: ContextValues): CallState => {
  const state = values.get(callKey);
  if (state === undefined)
    throw new AppError("internal", "rpc.no_call", "The interceptor chain did not run for this call.");
  return state;
};

/** The call in progress, for handlers behind {@link createRpcServer}. @throws AppError internal `rpc.no_call` outside of the chain */
export const callOf = (handlerContext: Pick<HandlerContext, "values">): Call =>
  viewOf(callStateOf(handlerContext.values));

const viewOf = (state: CallState): Call => {
  const { principal, caller, correlationId, protocol, peer, deadlineAt, signal, idempotencyKey } = state;
  if (principal === undefined)
    throw new AppError("internal", "rpc.no_call", "The call has not been authenticated yet.");
  return {
    principal,
    caller,
    correlationId,
    protocol,
    peer,
    deadlineAt,
    signal,
    idempotencyKey,
    remainingMs: () => remainingMsOf(deadlineAt),
  };
};

export const remainingMsOf = (deadlineAt: number | undefined): number =>
  deadlineAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadlineAt - Date.now());

/** Makes the call the current one of a context, so that clients used below it find the caller's token. */
export const withCall = (from: Context, state: CallState): Context => from.setValue(currentCallKey, state);

/** The call in whose context this code runs; undefined in workers and at startup. */
export const currentCallState = (): CallState | undefined =>
  context.active().getValue(currentCallKey) as CallState | undefined;
