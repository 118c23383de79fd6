import { InvalidArgumentError } from "commander";

export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`${min} to ${max}.`);
    return value;
  };
