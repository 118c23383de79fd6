import { createRandom, type Random } from "../random.ts";

export interface PlannedProduct {
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly priceMinor: bigint;
  readonly stock: number;
}

export interface PlannedSeller {
  readonly slug: string;
  readonly name: string;
  readonly products: readonly PlannedProduct[];
}

export interface PlannedCustomer {
  readonly email: string;
  readonly name: string;
  readonly locale: string;
}

export interface PlannedWorld {
  readonly categories: readonly { readonly slug: string; readonly name: string }[];
  readonly sellers: readonly PlannedSeller[];
  readonly customers: readonly PlannedCustomer[];
}

export interface WorldSize {
  readonly sellers: number;
  readonly products: number;
  readonly customers: number;
  readonly seed: number;
}

/** Things that shops sell, with what one of them costs about, in euros. */
const shelves = [
  [
    "kitchen",
    "Kitchen",
    [
      ["teapot", 38],
      ["mug", 14],
      ["serving bowl", 35],
      ["chopping board", 29],
      ["cast-iron pan", 62],
      ["storage jar", 12],
    ],
  ],
  [
    "books",
    "Books",
    [
      ["novel", 18],
      ["cookbook", 32],
      ["atlas", 45],
      ["field guide", 24],
      ["sketchbook", 13],
    ],
  ],
  [
    "garden",
    "Garden",
    [
      ["watering can", 27],
      ["planter", 22],
      ["secateurs", 34],
      ["seed set", 9],
      ["lantern", 31],
    ],
  ],
  [
    "lighting",
    "Lighting",
    [
      ["desk lamp", 69],
      ["pendant lamp", 129],
      ["candle holder", 19],
      ["night light", 24],
    ],
  ],
  [
    "textiles",
    "Textiles",
    [
      ["cushion", 28],
      ["wool blanket", 95],
      ["bath towel", 26],
      ["table runner", 33],
      ["rug", 180],
    ],
  ],
  [
    "furniture",
    "Furniture",
    [
      ["stool", 110],
      ["side table", 149],
      ["bookshelf", 220],
      ["coat rack", 75],
    ],
  ],
  [
    "stationery",
    "Stationery",
    [
      ["notebook", 11],
      ["fountain pen", 48],
      ["desk organizer", 36],
      ["letter set", 15],
    ],
  ],
  [
    "toys",
    "Toys",
    [
      ["wooden train", 42],
      ["puzzle", 21],
      ["kite", 27],
      ["building blocks", 39],
    ],
  ],
  [
    "travel",
    "Travel",
    [
      ["weekend bag", 138],
      ["backpack", 99],
      ["wash bag", 34],
      ["flask", 29],
    ],
  ],
  [
    "audio",
    "Audio",
    [
      ["radio", 119],
      ["headphones", 159],
      ["record stand", 44],
      ["speaker", 210],
    ],
  ],
] as const;

const colours = ["Blue", "Ochre", "Sage", "Charcoal", "Ivory", "Rust", "Navy", "Moss", "Coral", "Slate"] as const;
const materials = [
  "Stoneware",
  "Oak",
  "Linen",
  "Brass",
  "Walnut",
  "Recycled",
  "Handmade",
  "Enamel",
  "Felt",
  "Ash",
  "Cork",
  "Steel",
] as const;
const places = [
  "Lisbon",
  "Harbour",
  "Alpine",
  "Old Town",
  "Riverside",
  "Nordic",
  "Meadow",
  "Station",
  "Hill",
  "Canal",
  "Quarry",
  "Orchard",
] as const;
const trades = [
  "Ceramics",
  "Goods",
  "Workshop",
  "Trading",
  "Studio",
  "Supply",
  "Makers",
  "Store",
  "Works",
  "House",
] as const;
const firstNames = [
  "Ada",
  "Ben",
  "Clara",
  "David",
  "Elif",
  "Farid",
  "Greta",
  "Hugo",
  "Ines",
  "Jonas",
  "Kaya",
  "Lena",
  "Marek",
  "Nora",
  "Omar",
  "Paula",
  "Quinn",
  "Rosa",
  "Sami",
  "Tessa",
  "Umut",
  "Vera",
  "Wim",
  "Yara",
] as const;
const lastNames = [
  "Park",
  "Becker",
  "Costa",
  "Dubois",
  "Eriksen",
  "Fischer",
  "Garcia",
  "Hansen",
  "Ivanova",
  "Jansen",
  "Keller",
  "Lopez",
  "Meyer",
  "Novak",
  "Okafor",
  "Petit",
  "Rossi",
  "Schmidt",
  "Thomas",
  "Weber",
] as const;
const locales = ["de-DE", "en-GB", "fr-FR", "es-ES", "nl-NL"] as const;

const slugOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

/** The whole shop, the same for the same size and seed: a second seeding finds everything there. Pure. */
export const planWorld = ({ sellers, products, customers, seed }: WorldSize): PlannedWorld => {
  const random = createRandom(seed);
  const each = Math.floor(products / sellers);
  const planned = Array.from({ length: sellers }, (_, at): PlannedSeller => {
    const name = `${places[at % places.length]} ${trades[Math.floor(at / places.length + at) % trades.length]} ${at + 1}`;
    const count = each + (at < products % sellers ? 1 : 0);
    return {
      name,
      slug: `${slugOf(name)}-w${seed}`,
      products: Array.from({ length: count }, (_none, index) =>
        planProduct(random, `W${seed}-S${at + 1}-P${index + 1}`),
      ),
    };
  });
  return {
    categories: shelves.map(([slug, name]) => ({ slug, name })),
    sellers: planned,
    customers: planCustomers(customers, seed),
  };
};

const planProduct = (random: Random, sku: string): PlannedProduct => {
  const [category, , things] = random.pick(shelves);
  const [thing, euros] = random.pick(things as readonly (readonly [string, number])[]);
  const colour = random.pick(colours);
  const material = random.pick(materials);
  // Between half and twice what such a thing costs, ending in 90 cents as prices do.
  const price = Math.max(1, Math.round(euros * 2 ** (random.next() * 2 - 1)));
  return {
    sku,
    name: `${colour} ${material.toLowerCase()} ${thing}`,
    description: `A ${thing} in ${colour.toLowerCase()}: ${material.toLowerCase()}, made to last.`,
    category,
    attributes: { colour, material },
    priceMinor: BigInt(price * 100 - 10),
    stock: 500 + random.below(4_500),
  };
};

/** The first ones do not depend on how many there are: `load` asks for as many as it needs. */
export const planCustomers = (count: number, seed: number): readonly PlannedCustomer[] =>
  Array.from({ length: count }, (_, at) => {
    const first = firstNames[(at * 7 + seed) % firstNames.length] as string;
    const last = lastNames[(at * 3 + seed) % lastNames.length] as string;
    return {
      email: `${first}.${last}.${at + 1}.w${seed}@example.com`.toLowerCase(),
      name: `${first} ${last}`,
      locale: locales[at % locales.length] as string,
    };
  });
