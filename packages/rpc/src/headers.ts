export const CORRELATION_HEADER = "x-correlation-id";
export const IDEMPOTENCY_HEADER = "idempotency-key";
export const REPLAYED_HEADER = "idempotency-replayed";
/** Who forwards a user's token: the calling service's own token, as `Bearer <jwt>`. */
export const SERVICE_AUTHORIZATION_HEADER = "x-tandem-service-authorization";
/** On every answer: the trace to ask for. */
export const TRACE_HEADER = "x-trace-id";
