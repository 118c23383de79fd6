// What a server needs that answers in front of others, without handlers of its own: the gateway.
export { toConnectError } from "./errors/to-connect-error.ts";
export { Health } from "./gen/grpc/health/v1/health_pb.ts";
export { CALLER_APP_HEADER, CLIENT_ADDRESS_HEADER } from "./headers.ts";
export { readTimeoutMs } from "./read-timeout.ts";
export { createHealthService } from "./server/health-service.ts";
export {
  answerBadRequest,
  bodyTooLarge,
  isPlainAddress,
  procedureNotFound,
  type Refusal,
  refusals,
  routeNotFound,
} from "./server/http-refusals.ts";
export { createInFlight } from "./server/in-flight.ts";
export { describeApi } from "./server/openapi.ts";
export { envelopeOf } from "./server/rest-envelope.ts";
export { type Allowance, createTokenBuckets } from "./server/token-bucket.ts";
