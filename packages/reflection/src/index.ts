export { ServerReflection as ServerReflectionV1 } from "./gen/grpc/reflection/v1/reflection_pb.ts";
export { ServerReflection as ServerReflectionV1Alpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.ts";
export { createReflectionRoutes, type ReflectionOptions } from "./reflection-routes.ts";
