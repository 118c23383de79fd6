// Messages, enums and services of tandem.catalog.v1.
export * from "./gen/tandem/catalog/v1/catalog_errors_pb.ts";
export * from "./gen/tandem/catalog/v1/catalog_events_pb.ts";
export * from "./gen/tandem/catalog/v1/catalog_pb.ts";
export * from "./gen/tandem/catalog/v1/catalog_service_pb.ts";
