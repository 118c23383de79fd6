export const CORRELATION_HEADER = "x-correlation-id";
export const IDEMPOTENCY_HEADER = "idempotency-key";
export const REPLAYED_HEADER = "idempotency-replayed";
/** Who forwards a user's token: the calling service's own token, as `Bearer <jwt>`. */
export const SERVICE_AUTHORIZATION_HEADER = "x-tandem-service-authorization";
/** On every answer: the trace to ask for. */
export const TRACE_HEADER = "x-trace-id";
/** Who called the sidecar: set by sidecars. */
export const CALLER_APP_HEADER = "dapr-caller-app-id";
/** The client's address, as the gateway saw it. Believed only of a door that the server trusts. */
export const CLIENT_ADDRESS_HEADER = "x-tandem-client-address";
