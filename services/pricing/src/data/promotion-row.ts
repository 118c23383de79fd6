import type { InferSelectModel } from "drizzle-orm";
import type { Promotion } from "../model/promotion.ts";
import { discountFromColumns, discountToColumns } from "./discount-row.ts";
import type { promotionTable } from "./schema.ts";

type Row = InferSelectModel<typeof promotionTable>;

export const promotionToRow = ({ discount, sellerId, productIds, ...rest }: Promotion): Row => ({
  ...rest,
  ...discountToColumns(discount),
  productIds: [...productIds],
  sellerId: sellerId ?? null,
});

export const promotionFromRow = ({ basisPoints, amountMinor, currency, sellerId, ...rest }: Row): Promotion => ({
  ...rest,
  discount: discountFromColumns({ basisPoints, amountMinor, currency }),
  sellerId: sellerId ?? undefined,
});
