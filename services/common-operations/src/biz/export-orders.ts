import type { ExportOrdersParameters } from "../model/task.ts";
import type { Orders, StreamWork, Tables } from "./ports.ts";

/** Writes orders page by page. Which page is next is stored with the page: a step that is done again writes the same one. */
export const makeExportOrders = (deps: { readonly orders: Orders; readonly tables: Tables }): StreamWork => ({
  fileName: "orders.csv",
  async next({ parameters }, checkpoint, signal) {
    const page = await deps.orders.list(parameters as ExportOrdersParameters, checkpoint?.cursor, signal);
    const rows = page.items.map(({ cells }) => cells);
    const lines = checkpoint ? rows : [deps.orders.columns, ...rows];
    return { rows: rows.length, data: deps.tables.write(lines), cursor: page.nextCursor || undefined };
  },
});
