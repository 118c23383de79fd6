import { money } from "@tandem/kernel";
import type { InferInsertModel, InferSelectModel } from "drizzle-orm";
import type { Payment } from "../model/payment.ts";
import type { Settlement } from "../model/settlement.ts";
import type { paymentTable, settlementTable } from "./schema.ts";

export const paymentFromRow = (row: InferSelectModel<typeof paymentTable>): Payment => {
  const { currency, amountMinor, totalMinor, capturedMinor, refundedMinor, ...rest } = row;
  return {
    ...rest,
    amount: money(currency, amountMinor),
    total: money(currency, totalMinor),
    captured: money(currency, capturedMinor),
    refunded: money(currency, refundedMinor),
    failureCode: row.failureCode ?? undefined,
    authorizedAt: row.authorizedAt ?? undefined,
    capturedAt: row.capturedAt ?? undefined,
  };
};

export const paymentToRow = (payment: Payment): InferInsertModel<typeof paymentTable> => {
  const { amount, total, captured, refunded, ...rest } = payment;
  return {
    ...rest,
    currency: amount.currency,
    amountMinor: amount.minor,
    totalMinor: total.minor,
    capturedMinor: captured.minor,
    refundedMinor: refunded.minor,
    failureCode: payment.failureCode ?? null,
    authorizedAt: payment.authorizedAt ?? null,
    capturedAt: payment.capturedAt ?? null,
  };
};

export const settlementFromRow = (row: InferSelectModel<typeof settlementTable>): Settlement => {
  const { currency, grossMinor, refundedMinor, feeMinor, netMinor, ...rest } = row;
  return {
    ...rest,
    gross: money(currency, grossMinor),
    refunded: money(currency, refundedMinor),
    fee: money(currency, feeMinor),
    net: money(currency, netMinor),
  };
};

export const settlementToRow = (settlement: Settlement): InferInsertModel<typeof settlementTable> => {
  const { gross, refunded, fee, net, ...rest } = settlement;
  return {
    ...rest,
    currency: gross.currency,
    grossMinor: gross.minor,
    refundedMinor: refunded.minor,
    feeMinor: fee.minor,
    netMinor: net.minor,
  };
};
