import type { Clock } from "@tandem/kernel";
import { money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { QuoteBasis, QuoteReader } from "../biz/ports.ts";
import type { Voucher } from "../model/voucher.ts";
import {
  given,
  type ProductJson,
  type PromotionJson,
  productFromJson,
  productJson,
  promotionFromJson,
  promotionsJson,
} from "./basis-sql.ts";
import { discountFromColumns } from "./discount-row.ts";

interface Row {
  readonly lines: readonly {
    readonly productId: string;
    readonly product: ProductJson | null;
    readonly amountMinor: string | null;
    readonly priced: boolean;
    readonly taxBasisPoints: number | null;
  }[];
  readonly promotions: readonly PromotionJson[];
  readonly voucher: VoucherJson | null;
}

interface VoucherJson {
  readonly id: string;
  readonly code: string;
  readonly basis_points: number | null;
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly min_subtotal_minor: string | null;
  readonly min_subtotal_currency: string | null;
  readonly usage_limit: number | null;
  readonly usage_limit_per_customer: number | null;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly version: string;
  readonly created_at: string;
}

// A country without a rate for the product's category falls back on its standard rate.
const text = `
  select ${promotionsJson} as promotions,
    (select to_jsonb(v) || jsonb_build_object('amount_minor', v.amount_minor::text,
        'min_subtotal_minor', v.min_subtotal_minor::text, 'version', v.version::text)
     from voucher v where v.code = ${given("$5::text")}) as voucher,
    (select jsonb_agg(jsonb_build_object(
        'productId', w.product_id,
        'product', ${productJson},
        'amountMinor', (select pr.amount_minor::text from price pr join price_list l on l.id = pr.price_list_id
          where pr.product_id = w.product_id and l.currency = ${given("$3::text")}
            and (l.is_default or l.segment = (select nullif(c.segment, '') from customer_segment c where c.customer_id = ${given("$6::uuid")}))
          order by l.is_default limit 1),
        'priced', exists (select 1 from price pr where pr.product_id = w.product_id),
        'taxBasisPoints', (select t.basis_points from tax_rate t
          where t.country = ${given("$4::text")} and t.category in (p.tax_category, 'standard')
          order by t.category = p.tax_category desc limit 1)))
     from unnest(${given("$1::uuid[]")}) as w (product_id) left join product p on p.product_id = w.product_id) as lines`;

export const makeQuoteBasisReader = (
  database: Pick<Database, "query">,
  clock: Clock,
): Pick<QuoteReader, "getBasis"> => ({
  async getBasis({ productIds, currency, country, voucherCode, customerId }, signal): Promise<QuoteBasis> {
    const values = [[...productIds], clock.now(), currency, country, voucherCode, customerId ?? null];
    const { rows } = await database.query<Row & Record<string, unknown>>(
      { name: "quote basis", text, values },
      undefined,
      signal,
    );
    const { lines, promotions, voucher } = rows[0] ?? { lines: [], promotions: [], voucher: null };
    return {
      lines: lines.map(({ product, amountMinor, taxBasisPoints, ...line }) => ({
        ...line,
        product: productFromJson(product),
        amountMinor: amountMinor === null ? undefined : BigInt(amountMinor),
        taxBasisPoints: taxBasisPoints ?? undefined,
      })),
      promotions: promotions.map(promotionFromJson),
      voucher: voucher ? voucherFromJson(voucher) : undefined,
    };
  },
});

const voucherFromJson = (json: VoucherJson): Voucher => ({
  id: json.id,
  code: json.code,
  discount: discountFromColumns({
    basisPoints: json.basis_points,
    amountMinor: json.amount_minor === null ? null : BigInt(json.amount_minor),
    currency: json.currency,
  }),
  minSubtotal:
    json.min_subtotal_minor === null
      ? undefined
      : money(json.min_subtotal_currency ?? "", BigInt(json.min_subtotal_minor)),
  usageLimit: json.usage_limit ?? undefined,
  usageLimitPerCustomer: json.usage_limit_per_customer ?? undefined,
  startsAt: new Date(json.starts_at),
  endsAt: new Date(json.ends_at),
  version: BigInt(json.version),
  createdAt: new Date(json.created_at),
});
