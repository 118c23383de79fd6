import { stringify } from "csv-stringify/sync";

/**
 * Lines of a CSV (RFC 4180, UTF-8). A cell that a spreadsheet would take for a formula gets a quote in front: what customers write must not
 * run on the machine of whoever opens the export.
 */
export const writeTable = (rows: readonly (readonly string[])[]): Uint8Array =>
  rows.length === 0
    ? new Uint8Array()
    : new TextEncoder().encode(
        stringify(
          rows.map((row) => [...row]),
          { escape_formulas: true, record_delimiter: "\r\n" },
        ),
      );
