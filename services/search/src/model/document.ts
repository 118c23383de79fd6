/** What can be found. */
export type DocumentType = "PRODUCT" | "ORDER" | "CONTENT";

/** What a document is made of: each part has one source and that source's versions. */
export type PartName = "BASE" | "PRICE" | "STOCK";

export interface Price {
  /** Whole minor units, as text: int64. */
  readonly amount: string;
  readonly regular: string;
}

export type Prices = Readonly<Record<string, Price>>;

/** What one seller may see of an order. */
export interface OrderSection {
  readonly sellerId: string;
  readonly title: string;
  readonly text: string;
  readonly prices: Prices;
}

/** What the owner says: catalog of products, order of orders, whoever put it there of content. JSON: kept as it is. */
export interface BaseContent {
  readonly title: string;
  readonly text: string;
  readonly status: string;
  readonly sellerId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly categoryId?: string | undefined;
  /** From the top down, the category included. */
  readonly categoryPath: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly sku: string;
  readonly imageUrl: string;
  readonly prices: Prices;
  /** Orders: what each seller sees. */
  readonly sections: readonly OrderSection[];
  /** Names a person: found by its customer and by staff, and blanked when the person asks to be forgotten. */
  readonly personal: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface PriceContent {
  readonly prices: Prices;
}

export interface StockContent {
  readonly available: number;
}

interface PartOf<P extends PartName, C> {
  readonly part: P;
  readonly version: bigint;
  readonly deleted: boolean;
  readonly content: C;
}

/** The newest that is known of one part. A deleted one stays as a tombstone: what comes late does not bring it back. */
export type Part = PartOf<"BASE", BaseContent> | PartOf<"PRICE", PriceContent> | PartOf<"STOCK", StockContent>;

export interface DocumentParts {
  readonly type: DocumentType;
  readonly id: string;
  /** Goes up with every change of any part. */
  readonly version: bigint;
  /** Keys under which it was ever indexed. */
  readonly viewKeys: readonly string[];
  readonly updatedAt: Date;
  /** Of products: whoever offers it may not sell now. */
  readonly sellerSuspended?: boolean;
  /** Of products: where their category lies now, from the top down; absent when nobody has told. */
  readonly categoryPath?: readonly string[];
  readonly parts: readonly Part[];
}

export const emptyBase: BaseContent = Object.freeze({
  title: "",
  text: "",
  status: "ACTIVE",
  categoryPath: [],
  attributes: {},
  sku: "",
  imageUrl: "",
  prices: {},
  sections: [],
  personal: "",
  createdAt: "1970-01-01T00:00:00.000Z",
  updatedAt: "1970-01-01T00:00:00.000Z",
});
