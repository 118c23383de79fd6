import { money, percentOf } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Discount, reductionOf } from "../src/model/discount.ts";
import { defaultPriceList } from "../src/model/price.ts";
import { advance, deactivate, type Promotion, promote, statusAt } from "../src/model/promotion.ts";
import { checkTiers, type PromotionTier } from "../src/model/promotion-tier.ts";
import { netOf, type PriceableLine, promoteLines, totalLines } from "../src/model/quote.ts";
import { judgeUse, judgeVoucher, type Voucher } from "../src/model/voucher.ts";

const now = new Date("2026-11-21T10:00:00Z");
const after = (ms: number) => new Date(now.getTime() + ms);
const eur = (minor: bigint | number) => money("EUR", minor);

const discounts: fc.Arbitrary<Discount> = fc.oneof(
  fc.integer({ min: 1, max: 10_000 }).map((basisPoints) => ({ kind: "PERCENT" as const, basisPoints })),
  fc.bigInt({ min: 1n, max: 20_000_000_000n }).map((minor) => ({ kind: "AMOUNT" as const, amount: eur(minor) })),
);
const ids = fc.uuid();
const lines: fc.Arbitrary<PriceableLine> = fc.record({
  product: fc.record({
    productId: ids,
    sellerId: fc.constantFrom("seller-a", "seller-b"),
    sku: fc.string(),
    name: fc.string(),
    taxCategory: fc.constant("standard"),
    status: fc.constant("ACTIVE" as const),
    version: fc.constant(1n),
  }),
  quantity: fc.integer({ min: 1, max: 999 }),
  unitPrice: fc.bigInt({ min: 1n, max: 1_000_000_000n }).map(eur),
  taxBasisPoints: fc.integer({ min: 0, max: 10_000 }),
});
const promotions: fc.Arbitrary<Promotion> = fc.record({
  id: ids,
  name: fc.string(),
  discount: discounts,
  productIds: fc.constant([]),
  sellerId: fc.constantFrom("seller-a", undefined),
  minQuantity: fc.integer({ min: 1, max: 5 }),
  minSpend: fc.option(fc.bigInt({ min: 1n, max: 1_000_000n }).map(eur), { nil: undefined }),
  tiers: fc.constant([]),
  startsAt: fc.constant(after(-1)),
  endsAt: fc.constant(after(1)),
  status: fc.constant("ACTIVE" as const),
  version: fc.constant(1n),
  createdAt: fc.constant(now),
});
const voucher = (terms: Partial<Voucher> = {}): Voucher => ({
  id: "v",
  code: "CODE",
  discount: { kind: "PERCENT", basisPoints: 1_000 },
  minSubtotal: undefined,
  usageLimit: undefined,
  usageLimitPerCustomer: undefined,
  startsAt: after(-1),
  endsAt: after(1),
  version: 1n,
  createdAt: now,
  ...terms,
});

const quotes = fc
  .record({
    lines: fc.array(lines, { minLength: 1, maxLength: 20 }),
    promotions: fc.array(promotions, { maxLength: 4 }),
    voucher: fc.option(discounts, { nil: undefined }),
  })
  .map(({ lines: wanted, promotions: running, voucher: discount }) => {
    const promoted = promoteLines(wanted, running, now);
    const net = netOf("EUR", promoted);
    const verdict = discount ? judgeVoucher(voucher({ discount }), net, now) : undefined;
    const reduction = verdict?.applicable ? verdict.reduction : eur(0);
    return { wanted, promoted, net, reduction, ...totalLines("EUR", promoted, reduction) };
  });

describe("a quote, whatever is in it", () => {
  it("has totals that are the sums of its lines, and adds up", () => {
    fc.assert(
      fc.property(quotes, ({ lines: priced, totals }) => {
        const sum = (of: (line: (typeof priced)[number]) => bigint) => priced.reduce((all, line) => all + of(line), 0n);
        expect(totals.subtotal.minor).toBe(sum(({ unitPrice, quantity }) => unitPrice.minor * BigInt(quantity)));
        expect(totals.discount.minor).toBe(sum(({ discount }) => discount.minor));
        expect(totals.tax.minor).toBe(sum(({ tax }) => tax.minor));
        expect(totals.total.minor).toBe(sum(({ total }) => total.minor));
        expect(totals.total.minor).toBe(totals.subtotal.minor - totals.discount.minor + totals.tax.minor);
      }),
    );
  });

  it("shares the voucher among its lines without losing a cent, and takes no line below zero", () => {
    fc.assert(
      fc.property(quotes, ({ lines: priced, promoted, reduction, net }) => {
        const shares = priced.map(({ discount }, at) => discount.minor - (promoted[at]?.discount.minor ?? 0n));
        expect(shares.reduce((all, share) => all + share, 0n)).toBe(reduction.minor);
        expect(reduction.minor <= net.minor).toBe(true);
        for (const [at, line] of priced.entries()) {
          const worth = line.unitPrice.minor * BigInt(line.quantity);
          expect(shares[at]).toBeGreaterThanOrEqual(0n);
          expect(line.discount.minor >= 0n && line.discount.minor <= worth).toBe(true);
          expect(line.tax.minor).toBeGreaterThanOrEqual(0n);
          expect(line.total.minor).toBe(worth - line.discount.minor + line.tax.minor);
        }
      }),
    );
  });

  it("taxes what is left of each line, half to even", () => {
    fc.assert(
      fc.property(quotes, ({ lines: priced }) => {
        for (const { unitPrice, quantity, discount, tax, taxBasisPoints } of priced) {
          const net = unitPrice.minor * BigInt(quantity) - discount.minor;
          expect(tax).toEqual(percentOf(eur(net), taxBasisPoints));
          // Never more than half a cent away from the exact tax.
          const off = tax.minor * 10_000n - net * BigInt(taxBasisPoints);
          expect(off <= 5_000n && off >= -5_000n).toBe(true);
          if (off === 5_000n || off === -5_000n) expect(tax.minor % 2n).toBe(0n);
        }
      }),
    );
  });

  it("refuses a total that no contract carries", () => {
    const [line] = fc.sample(lines, 1);
    const dear = [{ ...(line as PriceableLine), unitPrice: eur(10n ** 15n), quantity: 1, taxBasisPoints: 1_900 }];
    expect(() => totalLines("EUR", promoteLines(dear, [], now), eur(0))).toThrowError(
      expect.objectContaining({ code: "money.overflow" }),
    );
  });
});

describe("a promotion", () => {
  const [some] = fc.sample(promotions, 1) as [Promotion];
  const tenPercent: Promotion = {
    ...some,
    id: "b",
    discount: { kind: "PERCENT", basisPoints: 1_000 },
    sellerId: undefined,
    minQuantity: 1,
    minSpend: undefined,
  };
  const piece = { productId: "p", sellerId: "seller-a", price: eur(1_000), quantity: 1 };

  it("does not add up with another: the one that reduces most wins, the older one of equals", () => {
    const fixed: Promotion = { ...tenPercent, id: "c", discount: { kind: "AMOUNT", amount: eur(150) } };
    expect(promote([tenPercent, fixed], piece, now)).toMatchObject({ price: eur(850), promotionId: "c" });
    expect(promote([{ ...tenPercent, id: "z" }, tenPercent], piece, now).promotionId).toBe("b");
  });

  it("never takes more than the price, and nothing off a foreign currency", () => {
    const dear: Discount = { kind: "AMOUNT", amount: eur(5_000) };
    expect(reductionOf(dear, eur(1_000))).toEqual(eur(1_000));
    expect(reductionOf(dear, money("USD", 1_000))).toEqual(money("USD", 0));
  });

  it("starts with its first moment and is over at its last", () => {
    const running = (at: Date) => promote([tenPercent], piece, at).promotionId;
    expect(running(after(-2))).toBeUndefined();
    expect(running(after(-1))).toBe("b");
    expect(running(after(1))).toBeUndefined();
    expect(statusAt({ ...tenPercent, status: "SCHEDULED" }, now)).toBe("ACTIVE");
    expect(advance({ ...tenPercent, status: "ACTIVE" }, after(1))).toMatchObject({ status: "ENDED", version: 2n });
  });

  it("is for the pieces that it names: seller, products, quantity", () => {
    const of = (terms: Partial<Promotion>) => promote([{ ...tenPercent, ...terms }], piece, now).promotionId;
    expect(of({ sellerId: "seller-b" })).toBeUndefined();
    expect(of({ productIds: ["q"] })).toBeUndefined();
    expect(of({ minQuantity: 2 })).toBeUndefined();
    expect(of({ sellerId: "seller-a", productIds: ["p", "q"] })).toBe("b");
    // Its seller is not known yet: it waits.
    expect(promote([{ ...tenPercent, sellerId: "s" }], { ...piece, sellerId: undefined }, now).promotionId).toBe(
      undefined,
    );
  });

  it("takes more off in tiers, by all lines that it is for together", () => {
    const percent = (basisPoints: number): Discount => ({ kind: "PERCENT", basisPoints });
    const byPieces: Promotion = {
      ...tenPercent,
      tiers: [
        { minQuantity: 3, discount: percent(2_000) },
        { minQuantity: 10, discount: percent(3_000) },
      ],
    };
    const bySpend: Promotion = { ...tenPercent, tiers: [{ minSpend: eur(2_500), discount: percent(5_000) }] };
    const other = { ...piece, productId: "q" };
    const priceOf = (terms: Promotion, ...quantities: number[]) =>
      promote(
        [terms],
        piece,
        now,
        quantities.map((quantity, at) => ({ ...(at === 0 ? piece : other), quantity })),
      ).price;
    expect(priceOf(byPieces, 1)).toEqual(eur(900));
    expect(priceOf(byPieces, 1, 2)).toEqual(eur(800));
    expect(priceOf(byPieces, 1, 9)).toEqual(eur(700));
    expect(priceOf({ ...byPieces, productIds: ["p"] }, 1, 9)).toEqual(eur(900));
    expect(priceOf(bySpend, 1, 1)).toEqual(eur(900));
    expect(priceOf(bySpend, 1, 2)).toEqual(eur(500));
    expect(priceOf({ ...tenPercent, minSpend: eur(3_000) }, 1, 1)).toEqual(eur(1_000));
    expect(priceOf({ ...tenPercent, minSpend: eur(3_000) }, 1, 2)).toEqual(eur(900));
    expect(priceOf({ ...tenPercent, minSpend: money("USD", 1) }, 9)).toEqual(eur(1_000));
    // A shop shows one piece by itself.
    expect(promote([{ ...tenPercent, minSpend: eur(1) }], piece, now).price).toEqual(eur(1_000));
    expect(promote([byPieces], piece, now).price).toEqual(eur(900));
  });

  it("never takes less off for those who buy more", () => {
    const thresholds = fc.uniqueArray(fc.integer({ min: 2, max: 200 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(thresholds, fc.boolean(), fc.nat(300), fc.nat(300), (at, bySpend, one, more) => {
        const tiers = at
          .toSorted((a, b) => a - b)
          .map((threshold, no): PromotionTier => {
            const discount: Discount = { kind: "PERCENT", basisPoints: 1_000 + (no + 1) * 500 };
            return bySpend ? { minSpend: eur(threshold * 1_000), discount } : { minQuantity: threshold, discount };
          });
        checkTiers(tenPercent.discount, tiers);
        const terms = { ...tenPercent, tiers };
        const off = (quantity: number) =>
          promote([terms], { ...piece, quantity }, now, [{ ...piece, quantity }]).reduction.minor;
        expect(off(1 + one + more)).toBeGreaterThanOrEqual(off(1 + one));
      }),
    );
  });

  it("has tiers that rise, and no others", () => {
    const percent = (basisPoints: number): Discount => ({ kind: "PERCENT", basisPoints });
    const own = percent(1_000);
    const refused: PromotionTier[][] = [
      [{ minQuantity: 3, discount: percent(1_000) }],
      [{ minQuantity: 3, discount: { kind: "AMOUNT", amount: eur(5) } }],
      [
        { minQuantity: 3, discount: percent(2_000) },
        { minQuantity: 3, discount: percent(3_000) },
      ],
      [
        { minQuantity: 3, discount: percent(3_000) },
        { minQuantity: 5, discount: percent(2_000) },
      ],
      [
        { minQuantity: 3, discount: percent(2_000) },
        { minSpend: eur(5), discount: percent(3_000) },
      ],
      [
        { minSpend: eur(5), discount: percent(2_000) },
        { minSpend: money("USD", 9), discount: percent(3_000) },
      ],
    ];
    for (const tiers of refused)
      expect(() => checkTiers(own, tiers)).toThrowError(expect.objectContaining({ code: "pricing.tiers_invalid" }));
    checkTiers({ kind: "AMOUNT", amount: eur(5) }, [
      { minSpend: eur(5), discount: { kind: "AMOUNT", amount: eur(6) } },
      { minSpend: eur(6), discount: { kind: "AMOUNT", amount: eur(7) } },
    ]);
  });

  it("is stopped by hand once, and not when it is over", () => {
    const stopped = deactivate(tenPercent, now);
    expect(stopped).toMatchObject({ status: "DEACTIVATED", version: 2n });
    expect(deactivate(stopped, after(5))).toBe(stopped);
    expect(() => deactivate(tenPercent, after(1))).toThrowError(
      expect.objectContaining({ code: "pricing.promotion_ended" }),
    );
  });
});

describe("a voucher", () => {
  it.each([
    ["not_now", { startsAt: after(1), endsAt: after(2) }],
    ["not_now", { endsAt: now }],
    ["other_currency", { discount: { kind: "AMOUNT", amount: money("USD", 5) } as Discount }],
    ["other_currency", { minSubtotal: money("USD", 5) }],
    ["subtotal_too_small", { minSubtotal: eur(1_001) }],
  ] as const)("is refused as %s", (refusal, terms) => {
    expect(judgeVoucher(voucher(terms), eur(1_000), now)).toEqual({ applicable: false, refusal });
  });

  it("is refused when it was used as often as it may be, by all or by one", () => {
    const limited = voucher({ usageLimit: 2, usageLimitPerCustomer: 1 });
    expect(judgeUse(limited, "ada", { total: 1, byCustomer: 0 })).toBeUndefined();
    expect(judgeUse(limited, "ada", { total: 2, byCustomer: 0 })).toBe("used_up");
    expect(judgeUse(limited, "ada", { total: 1, byCustomer: 1 })).toBe("used_up");
    expect(judgeUse(limited, undefined, { total: 0, byCustomer: 0 })).toBe("needs_customer");
  });
});

it("opens no price list for a typing error", () => {
  expect(defaultPriceList("id", "EUR", now)).toMatchObject({ currency: "EUR", isDefault: true });
  expect(() => defaultPriceList("id", "EUX", now)).toThrowError(
    expect.objectContaining({ code: "pricing.currency_unknown" }),
  );
});
