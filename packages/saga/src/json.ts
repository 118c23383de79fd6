const tag = "$bigint";

/** JSON that keeps bigints (money), as `{"$bigint":"12"}`. */
export const encodeJson = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? { [tag]: item.toString() } : item));

/** The inverse of `encodeJson`, on what the driver has parsed already. */
export const reviveBigints = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reviveBigints);
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value);
  const [first] = fields;
  if (fields.length === 1 && first?.[0] === tag && typeof first[1] === "string") return BigInt(first[1]);
  return Object.fromEntries(fields.map(([key, item]) => [key, reviveBigints(item)]));
};
