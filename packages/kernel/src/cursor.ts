import { AppError } from "./app-error.ts";
import { isId } from "./ids.ts";

export type CursorValue = string | number | boolean | null;

interface PartValues {
  /** Any text that Postgres takes. */
  readonly text: string;
  readonly uuid: string;
  /** ISO 8601 as JavaScript and Postgres write it, of a day that exists. */
  readonly instant: string;
  /** A whole number that a `bigint` holds; written as a number or as text. */
  readonly int8: string;
  /** A whole number that an `integer` holds. */
  readonly int4: number;
  readonly number: number;
  readonly boolean: boolean;
}

/** What stands at a place of a sort key. Cursors can be made up: what does not fit would come back from the database as an error of ours. */
export type CursorPart = keyof PartValues;

const VERSION = 1;
const MAX_LENGTH = 1024;
const INT8 = 2n ** 63n;
const INT4 = 2 ** 31;

const invalid = (cause?: unknown) =>
  new AppError("invalid_argument", "page.cursor_invalid", "The cursor is not one that this API gave out.", {
    cause,
    details: [{ field: "cursor", rule: "cursor", message: "pass the nextCursor of the previous page unchanged" }],
  });

/**
 * An opaque position in a sorted list. `scope` names the list and its order (`orders:created_desc`), so that a cursor
 * of one list is refused by another.
 */
export const encodeCursor = (scope: string, key: readonly CursorValue[]): string =>
  Buffer.from(JSON.stringify([VERSION, scope, ...key])).toString("base64url");

/**
 * The sort key inside a cursor: of exactly these parts, each within what its type in Postgres takes.
 * @throws AppError `page.cursor_invalid`
 */
export const decodeCursor = <const P extends readonly CursorPart[]>(
  scope: string,
  cursor: string,
  parts: P,
): { -readonly [K in keyof P]: PartValues[P[K]] } => {
  if (cursor.length > MAX_LENGTH || !/^[\w-]+$/.test(cursor)) throw invalid();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw invalid(cause);
  }
  if (!Array.isArray(parsed) || parsed.length !== parts.length + 2) throw invalid();
  const [version, found, ...key] = parsed as unknown[];
  if (version !== VERSION || found !== scope) throw invalid();
  return parts.map((part, at) => readPart(part, key[at])) as { -readonly [K in keyof P]: PartValues[P[K]] };
};

const readPart = (part: CursorPart, value: unknown): string | number | boolean => {
  switch (part) {
    case "text":
      if (typeof value === "string" && !value.includes("\u0000")) return value;
      break;
    case "uuid":
      if (typeof value === "string" && isId(value)) return value;
      break;
    case "instant":
      if (typeof value === "string" && isInstant(value)) return value;
      break;
    case "int8":
      if (isInt8(value)) return String(value);
      break;
    case "int4":
      if (typeof value === "number" && Number.isInteger(value) && value >= -INT4 && value < INT4) return value;
      break;
    case "number":
      if (typeof value === "number" && Number.isFinite(value)) return value;
      break;
    case "boolean":
      if (typeof value === "boolean") return value;
  }
  throw invalid();
};

const isInt8 = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) return false;
  const whole = BigInt(value);
  return whole >= -INT8 && whole < INT8;
};

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)$/;

const isInstant = (text: string): boolean => {
  const [, day = ""] = INSTANT.exec(text) ?? [];
  if (day === "" || day.startsWith("0000")) return false;
  const midnight = new Date(`${day}T00:00:00Z`);
  // JavaScript takes February 30 for March 2; Postgres refuses it.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
};
