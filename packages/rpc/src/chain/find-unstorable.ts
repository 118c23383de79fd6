import { isMessage } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { ErrorDetail } from "@tandem/kernel";

const NUL = "\u0000";
// The years 1 to 9999, as timestamp.proto says. In JSON the parser keeps to them; in binary anything comes through, and becomes an Invalid Date.
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const LAST_NANO = 999_999_999;

/**
 * The first field of a message that can be sent but not stored, named as REST and Connect callers wrote it: the character U+0000 (JSON and
 * protobuf allow it; Postgres takes it neither in text nor in jsonb), and a time outside of the calendar. Both would come back as an error of ours.
 */
export const findUnstorable = (value: unknown, path = ""): ErrorDetail | undefined => {
  if (typeof value === "string") return value.includes(NUL) ? nulIn(path) : undefined;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return undefined;
  if (Array.isArray(value)) return firstOf(value.entries(), (index) => `${path}[${index}]`);
  if (!("$typeName" in value)) {
    // A oneof: its value is a field of the message around it.
    if ("case" in value && "value" in value && typeof value.case === "string")
      return findUnstorable(value.value, path.replace(/[^.[\]]+$/, value.case));
  } else if (isMessage(value, TimestampSchema)) {
    return isInCalendar(value) ? undefined : outOfCalendar(path);
  }
  return firstOf(Object.entries(value), (key) => `${path}${path === "" ? "" : "."}${key}`);
};

const firstOf = (entries: Iterable<[string | number, unknown]>, pathOf: (key: string | number) => string) => {
  for (const [key, value] of entries) {
    const path = pathOf(key);
    if (typeof key === "string" && key.includes(NUL)) return nulIn(path.replaceAll(NUL, ""));
    const found = findUnstorable(value, path);
    if (found !== undefined) return found;
  }
  return undefined;
};

const nulIn = (field: string): ErrorDetail => ({
  field,
  rule: "string.no_nul",
  message: "must not contain the character U+0000",
});

const isInCalendar = ({ seconds, nanos }: Timestamp): boolean =>
  seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos <= LAST_NANO;
const outOfCalendar = (field: string): ErrorDetail => ({
  field,
  rule: "timestamp.calendar",
  message: "must be a time in the years 1 to 9999",
});
