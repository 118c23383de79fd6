// Messages, enums and services of tandem.common.v1.

export { moneyFromProto, moneyToProto } from "./convert-money.ts";
export * from "./gen/tandem/common/v1/address_pb.ts";
export * from "./gen/tandem/common/v1/batch_pb.ts";
export * from "./gen/tandem/common/v1/common_errors_pb.ts";
export * from "./gen/tandem/common/v1/errors_pb.ts";
export * from "./gen/tandem/common/v1/money_pb.ts";
export * from "./gen/tandem/common/v1/operations_pb.ts";
export * from "./gen/tandem/common/v1/options_pb.ts";
export * from "./gen/tandem/common/v1/pagination_pb.ts";
export * from "./gen/tandem/common/v1/payment_method_pb.ts";
