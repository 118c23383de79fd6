import { AppError } from "@tandem/kernel";
import { changeByShare, parsePrice } from "../model/price-change.ts";
import type { ChangePricesParameters, Failure } from "../model/task.ts";
import type { FileReader, ItemWork, NewItem, Prices, Products, TableShape, Tables } from "./ports.ts";

/** Of the file that a price change reads. */
export const PRICE_TABLE: TableShape = {
  required: ["product_id", "price", "currency"],
  optional: [],
  maxRows: 100_000,
};

export interface ChangePricesDeps {
  readonly files: FileReader;
  readonly tables: Tables;
  readonly products: Products;
  readonly prices: Prices;
  /** Prices of one call, 1 to 200. */
  readonly chunkSize: number;
}

interface PlannedPrice {
  readonly productId: string;
  readonly currency: string;
  readonly minor: string;
}

/** New prices are worked out while planning; a step only sets them, so that doing it again changes nothing. */
export const makeChangePrices = ({ files, tables, products, prices, chunkSize }: ChangePricesDeps): ItemWork => {
  const fromFile = async (fileId: string, signal: AbortSignal): Promise<NewItem[]> => {
    const items: NewItem[] = [];
    for await (const { line, cells, fault } of tables.read(files.readParts(fileId), PRICE_TABLE)) {
      signal.throwIfAborted();
      const [productId, currency] = [cells.get("product_id")?.trim() ?? "", cells.get("currency")?.trim() ?? ""];
      const price = fault
        ? { field: `column ${fault.column}`, message: fault.message }
        : parsePrice({ productId, currency, price: cells.get("price")?.trim() ?? "" });
      const planned = typeof price === "bigint" ? { productId, currency, minor: price.toString() } : null;
      const error: Failure | undefined =
        typeof price === "bigint"
          ? undefined
          : {
              code: "file.invalid",
              message: `Line ${line}, ${price.field}: ${price.message}.`,
              details: [{ field: price.field, rule: "csv", message: price.message }],
            };
      items.push({ line, subject: productId.slice(0, 100), input: planned, error });
    }
    return items;
  };

  const ofSeller = async (
    sellerId: string,
    currency: string,
    share: number,
    signal: AbortSignal,
  ): Promise<NewItem[]> => {
    const items: NewItem[] = [];
    let cursor: string | undefined;
    do {
      const page = await products.listIds(sellerId, cursor, signal);
      const known = page.items.length > 0 ? await prices.list(page.items, currency, signal) : [];
      for (const { productId, minor } of known) {
        const input: PlannedPrice = { productId, currency, minor: changeByShare(minor, share).toString() };
        items.push({ line: 0, subject: productId, input });
      }
      cursor = page.nextCursor;
    } while (cursor);
    return items;
  };

  return {
    chunkSize,
    plan: async ({ parameters }, signal) => {
      const { fileId, sellerId, currency = "", changeBasisPoints = 0 } = parameters as ChangePricesParameters;
      if (fileId) return fromFile(fileId, signal);
      if (sellerId) return ofSeller(sellerId, currency, changeBasisPoints, signal);
      throw new AppError("invalid_argument", "task.invalid", "A price change needs a file or a seller.");
    },
    run: async (_, items, signal) => {
      const planned = items.map(({ input }) => input as PlannedPrice);
      const wanted = planned.map(({ productId, currency, minor }) => ({ productId, currency, minor: BigInt(minor) }));
      const failures = await prices.set(wanted, signal);
      return items.map(({ number }, at) => {
        const error = failures[at];
        return error
          ? { number, status: "FAILED" as const, error }
          : { number, status: "DONE" as const, result: planned[at]?.minor ?? "" };
      });
    },
  };
};
