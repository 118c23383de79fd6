import { create } from "@bufbuild/protobuf";
import { type Money, money } from "@tandem/kernel";
import { MoneySchema, type Money as ProtoMoney } from "./gen/tandem/common/v1/money_pb.ts";

export const moneyToProto = ({ currency, minor }: Money): ProtoMoney =>
  create(MoneySchema, { currencyCode: currency, amountMinor: minor });

/**
 * An absent amount is refused, not read as zero.
 * @throws AppError `money.currency_invalid`, `money.overflow`
 */
export const moneyFromProto = (amount: ProtoMoney | undefined): Money =>
  money(amount?.currencyCode ?? "", amount?.amountMinor ?? 0n);
