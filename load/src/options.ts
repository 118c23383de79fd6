import { InvalidArgumentError } from "commander";

export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`${min} to ${max}.`);
    return value;
  };

/** `60s`, `10m`, `500ms`. */
export const duration = (text: string): number => {
  const [, count = "", unit = ""] = /^(\d{1,7})(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit];
  if (unitMs === undefined) throw new InvalidArgumentError("a number and a unit: 60s, 10m.");
  return Number(count) * unitMs;
};
