import { AppError } from "./app-error.ts";

export type CursorValue = string | number | boolean | null;

const VERSION = 1;
const MAX_LENGTH = 1024;

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
 * The sort key inside a cursor, of exactly `length` values.
 * @throws AppError `page.cursor_invalid`
 */
export const decodeCursor = (scope: string, cursor: string, length: number): CursorValue[] => {
  if (cursor.length > MAX_LENGTH || !/^[\w-]+$/.test(cursor)) throw invalid();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw invalid(cause);
  }
  if (!Array.isArray(parsed) || parsed.length !== length + 2) throw invalid();
  const [version, found, ...key] = parsed as unknown[];
  const plain = key.every(
    (value) => value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value),
  );
  if (version !== VERSION || found !== scope || !plain) throw invalid();
  return key as CursorValue[];
};
