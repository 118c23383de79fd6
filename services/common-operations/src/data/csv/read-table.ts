import { Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import type { TableRow, TableShape } from "../../biz/ports.ts";
import { fileInvalid } from "../../model/errors.ts";

/** Characters of one row: a quote that is never closed must not make a row of the rest of the file. */
const MAX_ROW = 64 * 1024;

interface Parsed {
  readonly record: string[];
  readonly info: Pick<Info, "lines">;
}

/**
 * Reads a CSV row by row: commas, or semicolons if the first line has more of them; UTF-8 with or without a mark; names of columns
 * without regard to case. Holds one row in memory.
 * @throws AppError `file.invalid` with line and column: not UTF-8, a NUL, unbalanced quotes, a row of more than 64 KiB, columns that are
 *   missing, unknown or there twice, too many rows
 */
export async function* readTable(parts: AsyncIterable<Uint8Array>, shape: TableShape): AsyncIterable<TableRow> {
  let columns: readonly string[] | undefined;
  let rows = 0;
  // Where the last row ended: the next one begins there, whatever lies between.
  let line = 0;
  const source = Readable.from(decode(parts));
  const parser = source.pipe(
    parse({
      delimiter: [",", ";"],
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: MAX_ROW,
    }),
  );
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const parsed of parser) {
      const { record, info } = parsed as Parsed;
      const breaks = record.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
      line = info.lines - breaks;
      if (!columns) {
        columns = checkColumns(record, shape);
        continue;
      }
      rows += 1;
      if (rows > shape.maxRows) throw fileInvalid({ line }, `there are more than ${shape.maxRows} rows`);
      yield toRow(columns, record, line);
    }
  } catch (error) {
    if (error instanceof CsvError) throw fromCsvError(error, line);
    throw error;
  } finally {
    source.destroy();
  }
  if (!columns) throw fileInvalid({ line: 1 }, "it is empty");
}

/** Text of bytes that may be cut anywhere. */
async function* decode(parts: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  const text = (bytes: Uint8Array | undefined): string => {
    let decoded: string;
    try {
      decoded = bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch {
      const before = bytes ? linesBeforeFault(bytes) : 0;
      throw fileInvalid({ line: line + before }, "it is not UTF-8");
    }
    const nul = decoded.indexOf("\0");
    if (nul >= 0) throw fileInvalid({ line: line + breaksIn(decoded.slice(0, nul)) }, "there is a NUL character");
    line += breaksIn(decoded);
    return decoded;
  };
  for await (const part of parts) yield text(part);
  yield text(undefined);
}

const breaksIn = (text: string): number => text.split("\n").length - 1;

/** Whole lines that are UTF-8: a line break is never part of another character. */
const linesBeforeFault = (bytes: Uint8Array): number => {
  const strict = new TextDecoder("utf-8", { fatal: true });
  let lines = 0;
  for (let from = 0; ; ) {
    const end = bytes.indexOf(10, from);
    if (end < 0) return lines;
    try {
      // The part may begin inside of a character: its first line is taken on trust.
      if (from > 0) strict.decode(bytes.subarray(from, end));
    } catch {
      return lines;
    }
    lines += 1;
    from = end + 1;
  }
};

const checkColumns = (header: readonly string[], shape: TableShape): readonly string[] => {
  const columns = header.map((name) => name.trim().toLowerCase());
  const known = new Set([...shape.required, ...shape.optional]);
  for (const [at, name] of columns.entries()) {
    const column = at + 1;
    if (columns.indexOf(name) !== at)
      throw fileInvalid({ line: 1, column }, `the column ${shown(name)} is there twice`);
    const prefixed = shape.prefix !== undefined && name.startsWith(shape.prefix) && name.length > shape.prefix.length;
    if (!known.has(name) && !prefixed) throw fileInvalid({ line: 1, column }, `there is no column ${shown(name)}`);
  }
  for (const name of shape.required)
    if (!columns.includes(name)) throw fileInvalid({ line: 1 }, `the column ${name} is missing`);
  return columns;
};

const shown = (name: string): string => `"${name.replace(/[^\x20-\x7e]/g, "?").slice(0, 40)}"`;

const toRow = (columns: readonly string[], record: readonly string[], line: number): TableRow => {
  const cells = new Map(columns.map((name, at) => [name, record[at] ?? ""]));
  if (record.length === columns.length) return { line, cells };
  const column = Math.min(record.length, columns.length) + 1;
  return { line, cells, fault: { column, message: `has ${record.length} cells, not ${columns.length}` } };
};

const MESSAGES: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quote",
  INVALID_OPENING_QUOTE: "there is a quote in the middle of a cell",
  CSV_MAX_RECORD_SIZE: `a row has more than ${MAX_ROW} characters`,
};

const fromCsvError = (error: CsvError, lastLine: number) => {
  const { lines, column } = error as CsvError & { readonly lines?: number; readonly column?: number | string };
  const at = { line: lines ?? lastLine + 1, ...(typeof column === "number" ? { column: column + 1 } : {}) };
  return fileInvalid(at, MESSAGES[error.code] ?? "it is no CSV");
};
