/** The shop of the demonstration: small, believable, several sellers. Prices in euro cents, net. */
export interface WorldProduct {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly priceMinor: bigint;
  readonly stock: number;
}
export interface WorldSeller {
  readonly slug: string;
  readonly name: string;
  readonly products: readonly WorldProduct[];
}

const product = (sku: string, name: string, category: string, priceMinor: bigint, stock: number): WorldProduct => ({
  sku,
  name,
  category,
  priceMinor,
  stock,
});

export const CURRENCY = "EUR";

export const categories = [
  { slug: "kitchen", name: "Kitchen" },
  { slug: "books", name: "Books" },
  { slug: "garden", name: "Garden" },
] as const;

export const sellers: readonly WorldSeller[] = [
  {
    slug: "lisbon-ceramics",
    name: "Lisbon Ceramics",
    products: [
      product("LC-MUG-BLUE", "Blue stoneware mug", "kitchen", 1490n, 240),
      product("LC-BOWL-L", "Serving bowl, large", "kitchen", 3900n, 60),
      product("LC-PLATE-6", "Dinner plates, set of six", "kitchen", 7200n, 35),
      product("LC-TEAPOT", "Teapot with strainer", "kitchen", 5400n, 18),
    ],
  },
  {
    slug: "harbour-books",
    name: "Harbour Books",
    products: [
      product("HB-ATLAS", "Atlas of small islands", "books", 2800n, 90),
      product("HB-BREAD", "Bread, slowly", "books", 2450n, 140),
      product("HB-STARS", "A field guide to the night sky", "books", 1950n, 75),
      product("HB-RARE", "First edition, signed", "books", 24000n, 1),
    ],
  },
  {
    slug: "north-garden",
    name: "North Garden",
    products: [
      product("NG-SHEARS", "Pruning shears", "garden", 3250n, 50),
      product("NG-CAN-5L", "Watering can, 5 l", "garden", 2750n, 44),
      product("NG-SEEDS-W", "Wildflower seeds, 100 g", "garden", 790n, 400),
      product("NG-TROWEL", "Hand trowel, beech", "garden", 1650n, 110),
    ],
  },
];

/** Country -> standard rate in basis points. */
export const taxRates = [
  { country: "DE", basisPoints: 1900 },
  { country: "PT", basisPoints: 2300 },
] as const;

export const promotion = { name: "Autumn in the garden", seller: "north-garden", basisPoints: 1000 } as const;
export const voucher = { code: "WELCOME-5", minor: 500n } as const;

export const demoCustomer = { email: "ada.park@tandem.local", name: "Ada Park" } as const;
export const demoBasket = [
  { sku: "LC-MUG-BLUE", quantity: 2, query: "stonware mug" },
  { sku: "HB-BREAD", quantity: 1, query: "bread" },
] as const;
