export { TranscodingConfigurationError } from "./configuration-error.ts";
export type { EncodeError, EncodeResponse, ErrorContext, Reply, ResponseContext } from "./envelope.ts";
export type { FaultReason, FieldViolation } from "./fault.ts";
export { httpStatusOf } from "./http-status.ts";
export { createNodeHandler, type NodeHandler, type NodeHandlerOptions } from "./node-handler.ts";
export type { RestRequest, RestResponse } from "./rest.ts";
export type { BodyPlace, PathVariable, Route } from "./route.ts";
export { createRestRouter, type Match, type RestRouter, type RouteOptions } from "./router.ts";
export type { StreamFormat } from "./server-stream.ts";
export {
  createTranscoder,
  type Transcoder,
  type TranscoderOptions,
  type TranscoderSettings,
  type TranscoderTarget,
} from "./transcoder.ts";
