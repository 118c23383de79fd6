// Messages, enums and services of tandem.order.v1.
export * from "./gen/tandem/order/v1/cart_pb.ts";
export * from "./gen/tandem/order/v1/cart_service_pb.ts";
export * from "./gen/tandem/order/v1/checkout_service_pb.ts";
export * from "./gen/tandem/order/v1/order_errors_pb.ts";
export * from "./gen/tandem/order/v1/order_events_pb.ts";
export * from "./gen/tandem/order/v1/order_pb.ts";
export * from "./gen/tandem/order/v1/order_service_pb.ts";
