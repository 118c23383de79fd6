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
  const text = decode(parts);
  const first = await text.next();
  const source = Readable.from(startingWith(first.done ? "" : first.value, text));
  const parser = source.pipe(
    parse({
      delimiter: delimiterOf(first.done ? "" : first.value),
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

async function* startingWith(first: string, rest: AsyncIterable<string>): AsyncIterable<string> {
  yield first;
  yield* rest;
}

/** Of the whole file, by its first line: a semicolon in a cell of a comma's file is a semicolon. */
const delimiterOf = (start: string): string => {
  const [header = ""] = start.split("\n", 1);
  return header.split(";").length > header.split(",").length ? ";" : ",";
};

/** Bytes without a line break: four for each character of a row. */
const MAX_LINE_BYTES = 4 * MAX_ROW;
const LINE_FEED = 10;

/** Text of bytes that may be cut anywhere: whole lines at a time, because a line break is never part of another character. */
async function* decode(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  let line = 1;
  let rest: Uint8Array = new Uint8Array();
  const text = (bytes: Uint8Array): string => {
    const decoded = decoded8(bytes);
    if (decoded === undefined) throw fileInvalid({ line: line + linesBeforeFault(bytes) }, "it is not UTF-8");
    const nul = decoded.indexOf("\0");
    if (nul >= 0) throw fileInvalid({ line: line + breaksIn(decoded.slice(0, nul)) }, "there is a NUL character");
    line += breaksIn(decoded);
    return decoded;
  };
  for await (const part of parts) {
    const bytes = rest.byteLength === 0 ? part : Buffer.concat([rest, part]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    rest = bytes.subarray(end);
    if (end > 0) yield text(bytes.subarray(0, end));
    if (rest.byteLength > MAX_LINE_BYTES) throw fileInvalid({ line }, MESSAGES["CSV_MAX_RECORD_SIZE"] ?? "");
  }
  if (rest.byteLength > 0) yield text(rest);
  return undefined;
}

const decoded8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const breaksIn = (text: string): number => text.split("\n").length - 1;

const linesBeforeFault = (bytes: Uint8Array): number => {
  for (let from = 0, lines = 0; ; lines += 1) {
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0 || decoded8(bytes.subarray(from, end)) === undefined) return lines;
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
