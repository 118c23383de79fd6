import type { BaseContent, DocumentParts, DocumentType, Part, PartName, Prices } from "./document.ts";
import { wordsOf } from "./words.ts";

/** What an answer shows of a document. */
export interface EntrySource {
  readonly title: string;
  /** The beginning of the text: pieces of it are shown. */
  readonly text: string;
  readonly status: string;
  readonly sellerId: string;
  readonly customerId: string;
  readonly categoryId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sku: string;
  readonly imageUrl: string;
  readonly prices: Prices;
  readonly available: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: string;
}

/** Of a hit that was only asked for its title. */
export const bareSource: EntrySource = Object.freeze({
  title: "",
  text: "",
  status: "",
  sellerId: "",
  customerId: "",
  categoryId: "",
  attributes: {},
  sku: "",
  imageUrl: "",
  prices: {},
  available: 0,
  createdAt: "",
  updatedAt: "",
  version: "0",
});

/**
 * One row of an index. Who may find it is in `audience`; what is in it is what everyone in its audience may know, so an order has one for its
 * customer and staff and one for each seller.
 */
export interface IndexEntry {
  readonly key: string;
  readonly type: DocumentType;
  readonly documentId: string;
  readonly audience: readonly string[];
  readonly categoryIds: readonly string[];
  readonly sellerIds: readonly string[];
  /** `name=value` */
  readonly attributeTokens: readonly string[];
  readonly prices: Prices;
  readonly available: number;
  /** Best first: the title, short facts, the text. */
  readonly words: {
    readonly title: readonly string[];
    readonly facts: readonly string[];
    readonly text: readonly string[];
  };
  readonly createdAt: string;
  readonly source: EntrySource;
}

const SHOWN_TEXT = 5_000;
const MAX_WORDS = 10_000;

export const PUBLIC = "public";
export const STAFF = "staff";
export const customerAudience = (customerId: string): string => `customer:${customerId}`;
export const sellerAudience = (sellerId: string): string => `seller:${sellerId}`;

/** All that the index holds of a document: nothing when it is deleted, archived, or its base has not come yet. */
export const entriesOf = (document: DocumentParts): IndexEntry[] => {
  const base = contentOf(document.parts, "BASE");
  if (!base || base.status === "ARCHIVED") return [];
  if (document.type === "ORDER") return orderEntries(document, base);
  const open = base.status === "DRAFT" || document.sellerSuspended ? [] : [PUBLIC];
  const sellers = base.sellerId ? [base.sellerId] : [];
  const prices = contentOf(document.parts, "PRICE")?.prices ?? base.prices;
  const available = contentOf(document.parts, "STOCK")?.available ?? 0;
  const audience = [...open, STAFF, ...sellers.map(sellerAudience)];
  return [entryOf(document, base, { key: keyOf(document), audience, sellers, prices, available, personal: "" })];
};

export const keyOf = ({ type, id }: Pick<DocumentParts, "type" | "id">, sellerId?: string): string =>
  sellerId ? `${type}:${id}:${sellerId}` : `${type}:${id}`;

/** Under which keys a document with this base is in the index; its other parts say nothing about that. */
export const keysOf = (document: Pick<DocumentParts, "type" | "id">, base: BaseContent): string[] => {
  if (base.status === "ARCHIVED") return [];
  const sections = document.type === "ORDER" ? base.sections : [];
  return [...new Set([keyOf(document), ...sections.map(({ sellerId }) => keyOf(document, sellerId))])];
};

const contentOf = <P extends PartName>(parts: readonly Part[], name: P) => {
  const found = parts.find((candidate): candidate is Extract<Part, { part: P }> => candidate.part === name);
  return found && !found.deleted ? (found.content as Extract<Part, { part: P }>["content"]) : undefined;
};

const orderEntries = (document: DocumentParts, base: BaseContent): IndexEntry[] => {
  const sellers = [
    ...new Set([...base.sections.map(({ sellerId }) => sellerId), ...(base.sellerId ? [base.sellerId] : [])]),
  ];
  const audience = [STAFF, ...(base.customerId ? [customerAudience(base.customerId)] : [])];
  const whole = { key: keyOf(document), audience, sellers, prices: base.prices, available: 0, personal: base.personal };
  const sections = base.sections.map(({ sellerId, title, text, prices }) =>
    entryOf(
      document,
      // Whatever else is known of the order is not this seller's business.
      { ...base, title, text, sku: "", attributes: {}, customerId: undefined, sellerId },
      {
        key: keyOf(document, sellerId),
        audience: [sellerAudience(sellerId)],
        sellers: [sellerId],
        prices,
        available: 0,
        personal: "",
      },
    ),
  );
  return [entryOf(document, { ...base, sellerId: sellers.length === 1 ? sellers[0] : undefined }, whole), ...sections];
};

/** Whoever names a path with the document (IndexDocument) is believed; else the tree as catalog tells it. */
const categoryIdsOf = ({ categoryPath = [] }: DocumentParts, base: BaseContent): string[] => {
  const above = base.categoryPath.length > 1 ? base.categoryPath : [...base.categoryPath, ...categoryPath];
  return [...new Set([...above, ...(base.categoryId ? [base.categoryId] : [])])];
};

const entryOf = (
  document: DocumentParts,
  base: BaseContent,
  view: {
    readonly key: string;
    readonly audience: readonly string[];
    readonly sellers: readonly string[];
    readonly prices: Prices;
    readonly available: number;
    readonly personal: string;
  },
): IndexEntry => {
  const attributes = Object.entries(base.attributes);
  const ids = document.type === "ORDER" ? [document.id] : [];
  return {
    key: view.key,
    type: document.type,
    documentId: document.id,
    audience: view.audience,
    categoryIds: categoryIdsOf(document, base),
    sellerIds: view.sellers,
    attributeTokens: attributes.map(([name, value]) => `${name}=${value}`),
    prices: view.prices,
    available: view.available,
    words: {
      title: wordsOf(base.title).slice(0, MAX_WORDS),
      facts: wordsOf([base.sku, view.personal, ...ids, ...attributes.map(([, value]) => value)].join(" ")).slice(
        0,
        MAX_WORDS,
      ),
      text: wordsOf(base.text).slice(0, MAX_WORDS),
    },
    createdAt: base.createdAt,
    source: {
      title: base.title,
      text: base.text.slice(0, SHOWN_TEXT),
      status: base.status,
      sellerId: base.sellerId ?? "",
      customerId: base.customerId ?? "",
      categoryId: base.categoryId ?? "",
      attributes: base.attributes,
      sku: base.sku,
      imageUrl: base.imageUrl,
      prices: view.prices,
      available: view.available,
      createdAt: base.createdAt,
      updatedAt: document.updatedAt.toISOString(),
      version: document.version.toString(),
    },
  };
};
