import type { Failure, ImportProductsParameters, ItemOutcome } from "../model/task.ts";
import type { FileReader, ItemWork, NewItem, ProductDraft, Products, TableRow, TableShape, Tables } from "./ports.ts";

/** Of the file that an import reads. */
export const PRODUCT_TABLE: TableShape = {
  required: ["sku", "name"],
  optional: ["description", "category_id", "tax_category", "status", "image_url"],
  prefix: "attribute.",
  maxRows: 100_000,
};

export interface ImportProductsDeps {
  readonly files: FileReader;
  readonly tables: Tables;
  readonly products: Products;
  /** Products of one call, 1 to 100. */
  readonly chunkSize: number;
}

/**
 * Creates the products of a file. A step that is done again after a crash goes under the same key, and what it has created then counts as
 * done: the seller's number is unique, and the product is just as the file says.
 */
export const makeImportProducts = ({ files, tables, products, chunkSize }: ImportProductsDeps): ItemWork => ({
  chunkSize,

  async plan({ parameters }, signal) {
    const { fileId } = parameters as ImportProductsParameters;
    const items: NewItem[] = [];
    const seen = new Map<string, number>();
    for await (const row of tables.read(files.readParts(fileId), PRODUCT_TABLE)) {
      signal.throwIfAborted();
      const subject = row.cells.get("sku") ?? "";
      const draft = row.fault ? wrongRow(row) : draftOf(row);
      const first = seen.get(subject);
      const fault = isFailure(draft)
        ? draft
        : first === undefined
          ? products.check(draft)
          : refused(row.line, "sku", `line ${first} has the same number`);
      seen.set(subject, first ?? row.line);
      items.push({
        line: row.line,
        subject: subject.slice(0, 100),
        input: isFailure(draft) ? null : draft,
        error: fault && { ...fault, message: atLine(row.line, fault.message) },
      });
    }
    return items;
  },

  async run(task, items, signal) {
    const { sellerId } = task.parameters as ImportProductsParameters;
    const drafts = items.map(({ input }) => input as ProductDraft);
    const key = `${task.id}:${items[0]?.number ?? 0}-${items.at(-1)?.number ?? 0}`;
    const outcomes = await products.create(sellerId, drafts, key, signal);
    const settled: ItemOutcome[] = [];
    for (const [at, { number, line }] of items.entries()) {
      const outcome = outcomes[at] ?? { code: "rpc.internal", message: "The catalogue did not say what became of it." };
      const draft = drafts[at];
      if (typeof outcome === "string") settled.push({ number, status: "DONE", result: outcome });
      else {
        const same =
          outcome.code === "catalog.sku_taken" && draft ? await products.findSame(sellerId, draft, signal) : undefined;
        settled.push(
          same
            ? { number, status: "DONE", result: same }
            : { number, status: "FAILED", error: { ...outcome, message: atLine(line, outcome.message) } },
        );
      }
    }
    return settled;
  },
});

const atLine = (line: number, message: string): string =>
  message.startsWith("Line ") ? message : `Line ${line}: ${message}`;
const isFailure = (value: ProductDraft | Failure): value is Failure => "code" in value;

const refused = (line: number, field: string, message: string): Failure => ({
  code: "file.invalid",
  message: `Line ${line}, ${field}: ${message}.`,
  details: [{ field, rule: "csv", message }],
});
const wrongRow = ({ line, fault }: TableRow): Failure =>
  refused(line, `column ${fault?.column ?? 1}`, fault?.message ?? "unreadable");

const draftOf = ({ line, cells }: TableRow): ProductDraft | Failure => {
  const cell = (name: string) => cells.get(name)?.trim() ?? "";
  const status = cell("status").toLowerCase() || "active";
  if (status !== "active" && status !== "draft") return refused(line, "status", "is neither active nor draft");
  const attributes = [...cells].filter(([name, value]) => name.startsWith("attribute.") && value !== "");
  return {
    sku: cell("sku"),
    name: cell("name"),
    description: cells.get("description") ?? "",
    categoryId: cell("category_id"),
    taxCategory: cell("tax_category"),
    draft: status === "draft",
    imageUrls: cell("image_url") ? [cell("image_url")] : [],
    attributes: Object.fromEntries(attributes.map(([name, value]) => [name.slice("attribute.".length), value])),
  };
};
