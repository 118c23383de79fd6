/**
 * The name of a proto enum's value without its prefix: `enumName(OrderStatus, 2)` is "CONFIRMED". A number that this build
 * does not know comes back as digits.
 */
export const enumName = (values: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(values).find((name) => values[name] === value) ?? String(value);
