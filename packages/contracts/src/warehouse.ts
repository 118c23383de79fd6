// Messages, enums and services of tandem.warehouse.v1.
export * from "./gen/tandem/warehouse/v1/stock_pb.ts";
export * from "./gen/tandem/warehouse/v1/warehouse_errors_pb.ts";
export * from "./gen/tandem/warehouse/v1/warehouse_events_pb.ts";
export * from "./gen/tandem/warehouse/v1/warehouse_service_pb.ts";
