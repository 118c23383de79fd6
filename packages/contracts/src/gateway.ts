// Errors of tandem.gateway.v1: the door has no messages and no services of its own.
export * from "./gen/tandem/gateway/v1/gateway_errors_pb.ts";
