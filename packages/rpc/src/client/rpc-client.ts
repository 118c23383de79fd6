import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import type { ServiceTokenSource } from "@tandem/auth";
import { AppError, isAppError } from "@tandem/kernel";
import { type CircuitBreakerOptions, createCircuitBreaker, retry } from "@tandem/resilience";
import { inSpan, type Logger, type Metrics, type Telemetry } from "@tandem/runtime";
import { fromConnectError } from "../errors/from-connect-error.ts";
import { IDEMPOTENCY_HEADER } from "../headers.ts";
import { openBudget } from "./budget.ts";
import { createClientMetrics } from "./client-metrics.ts";
import { openTransport } from "./open-transport.ts";
import { setOutgoingHeaders } from "./outgoing-headers.ts";
import { stream } from "./stream.ts";
import { headersOf, type Target } from "./target.ts";

export interface RpcClientOptions {
  readonly target: Target;
  /** Longest time for a call with all its attempts; less when the call in progress has less left. Default 2 000. `timeoutMs` of a call replaces it. */
  readonly deadlineMs?: number;
  /** Kept back from the caller's remaining time for the way back. Default 20. */
  readonly safetyMs?: number;
  /** For methods declared idempotent or free of side effects, and for calls with an `Idempotency-Key`; no other call is ever repeated. */
  readonly retry?: {
    /** Attempts in all. Default 3; 1 = no retry. */
    readonly attempts?: number;
    /** Default 25. */
    readonly baseDelayMs?: number;
    /** Default 500. */
    readonly maxDelayMs?: number;
    /** Longest time for one attempt. Default: all that is left. */
    readonly attemptTimeoutMs?: number;
  };
  /** Stops calling a target that is down. Default: opens after 5 failures in a row, tries again after 1 s, doubling to 30 s. False = none. */
  readonly breaker?:
    | false
    | Pick<CircuitBreakerOptions, "consecutiveFailures" | "failureRate" | "halfOpenAfterMs" | "maxHalfOpenAfterMs">;
  /** The service's own token. */
  readonly tokenSource?: ServiceTokenSource;
  /** Whose permissions count at the callee: those of the caller of the call in progress (default), or the service's own. */
  readonly identity?: "caller" | "service";
  /** Connections at once to the target. Default 64. */
  readonly maxConnections?: number;
  readonly telemetry?: Pick<Telemetry, "tracer">;
  readonly metrics?: Metrics;
  readonly log?: Logger;
}

/** A Connect client whose errors are AppErrors with the callee's slug. Dispose it to close its connections. */
export type RpcClient<S extends DescService> = Client<S> & AsyncDisposable;

/**
 * Deadline budget, retries with full jitter inside it, circuit breaker, trace, correlation and identity, around any target.
 * @throws (each call) AppError: the callee's own; `rpc.unavailable`, `rpc.deadline_exceeded`, `rpc.cancelled`, `circuit.open`;
 *   internal `rpc.service_refused` when the callee refuses the service's own token: that is our fault and not our caller's
 */
export const createRpcClient = <S extends DescService>(service: S, options: RpcClientOptions): RpcClient<S> => {
  const open = openTransport(options.target, options.maxConnections ?? 64);
  const transport: Transport = {
    unary: unary(service, open.transport, options),
    stream: stream(open.transport, options),
  };
  return Object.assign(createClient(service, transport), {
    [Symbol.asyncDispose]: async () => open.close(),
  });
};

const unary = (service: DescService, transport: Transport, options: RpcClientOptions): Transport["unary"] => {
  const { deadlineMs = 2_000, safetyMs = 20, identity = "caller", tokenSource, telemetry, log } = options;
  const name = options.target.kind === "sidecar" ? options.target.appId : service.typeName;
  const metrics = options.metrics && createClientMetrics(options.metrics, name);
  // A caller in a hurry says nothing about the callee's health.
  const hurried = new WeakSet<AppError>();
  const breaker =
    options.breaker === false
      ? undefined
      : createCircuitBreaker({
          name,
          ...options.breaker,
          counts: (error) =>
            isAppError(error) &&
            (error.kind === "unavailable" || error.kind === "deadline_exceeded") &&
            // What names a field of the request is about that request: one product that is not known yet must not stop all others.
            error.details.length === 0 &&
            !hurried.has(error),
          onStateChange: (state) => {
            metrics?.circuit(state);
            log?.warn({ target: name, state }, "circuit changed");
          },
        });

  return async (method, signal, timeoutMs, init, input, contextValues) => {
    const budget = openBudget(timeoutMs ?? deadlineMs, safetyMs, signal);
    const rpc = `${method.parent.typeName}/${method.name}`;
    const attempt = async () => {
      const header = new Headers({ ...headersOf(options.target) });
      new Headers(init).forEach((value, key) => {
        header.set(key, value);
      });
      const sentAs = await setOutgoingHeaders(header, { identity, tokenSource });
      const left = budget.remainingMs();
      const attemptMs = Math.min(left, options.retry?.attemptTimeoutMs ?? left);
      try {
        return await transport.unary(
          method,
          budget.signal,
          Math.max(1, Math.floor(attemptMs)),
          header,
          input,
          contextValues,
        );
      } catch (error) {
        const appError = fromConnectError(error, { rpc, signal: budget.signal });
        if (appError.kind === "deadline_exceeded" && budget.cut && attemptMs === left) hurried.add(appError);
        if (sentAs === "service" && (appError.kind === "unauthenticated" || appError.kind === "permission_denied"))
          throw new AppError("internal", "rpc.service_refused", `${name} refuses this service's token.`, {
            cause: appError,
          });
        throw appError;
      }
    };
    const traced = () =>
      telemetry === undefined
        ? attempt()
        : inSpan(
            telemetry.tracer,
            rpc,
            {
              kind: "client",
              attributes: { "rpc.service": method.parent.typeName, "rpc.method": method.name, "rpc.target": name },
            },
            attempt,
          );
    const guarded = () => (breaker === undefined ? traced() : breaker.run(traced));
    const end = metrics?.begin(method.parent.typeName, method.name);
    try {
      const response = await retry(guarded, {
        attempts: mayRepeat(method, init) ? (options.retry?.attempts ?? 3) : 1,
        baseDelayMs: options.retry?.baseDelayMs ?? 25,
        maxDelayMs: options.retry?.maxDelayMs ?? 500,
        deadline: new Date(budget.deadlineAt),
        signal: budget.signal,
        isRetryable: (error) => isAppError(error) && error.retryable && error.code !== "circuit.open",
        onRetry: () => metrics?.retried(method.parent.typeName, method.name),
      });
      end?.("ok");
      return response;
    } catch (error) {
      const appError = fromConnectError(error, { rpc, signal: budget.signal });
      end?.(appError.kind);
      throw appError;
    }
  };
};

const mayRepeat = (method: DescMethodUnary, header: ConstructorParameters<typeof Headers>[0]): boolean =>
  method.idempotency === Level.NO_SIDE_EFFECTS ||
  method.idempotency === Level.IDEMPOTENT ||
  new Headers(header).has(IDEMPOTENCY_HEADER);
