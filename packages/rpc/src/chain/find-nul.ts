const NUL = "\u0000";

/**
 * The first field of a message that holds the character U+0000, named as REST and Connect callers wrote it. JSON and protobuf
 * allow it; Postgres stores it neither in text nor in jsonb, so that it would come back as an error of ours.
 */
export const findNul = (value: unknown, path = ""): string | undefined => {
  if (typeof value === "string") return value.includes(NUL) ? path : undefined;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return undefined;
  if (Array.isArray(value)) return firstOf(value.entries(), (index) => `${path}[${index}]`);
  // A oneof: its value is a field of the message around it.
  if (!("$typeName" in value) && "case" in value && "value" in value && typeof value.case === "string")
    return findNul(value.value, path.replace(/[^.[\]]+$/, value.case));
  return firstOf(Object.entries(value), (key) => `${path}${path === "" ? "" : "."}${key}`);
};

const firstOf = (entries: Iterable<[string | number, unknown]>, pathOf: (key: string | number) => string) => {
  for (const [key, value] of entries) {
    const path = pathOf(key);
    if (typeof key === "string" && key.includes(NUL)) return path.replaceAll(NUL, "");
    const found = findNul(value, path);
    if (found !== undefined) return found;
  }
  return undefined;
};
