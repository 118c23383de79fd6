// The transport between sidecar and app. For @tandem/sidecar and for tests; services never import it.
export { createUnaryClient, type UnaryCallOptions, type UnaryClient } from "./call-unary.ts";
export { type ConnectionOptions, type HeldConnection, holdConnection } from "./hold-connection.ts";
export {
  methodsOf,
  type RequestHeader,
  type UnaryAnswers,
  type UnaryCall,
  type UnaryMethod,
  type UnaryMethods,
} from "./methods.ts";
export { createUnaryServer } from "./serve-unary.ts";
