// Messages, enums and services of tandem.search.v1.
export * from "./gen/tandem/search/v1/search_errors_pb.ts";
export * from "./gen/tandem/search/v1/search_pb.ts";
export * from "./gen/tandem/search/v1/search_service_pb.ts";
