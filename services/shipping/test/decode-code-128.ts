import { checksumOf, encodeCode128 } from "../src/model/code-128.ts";

// A reader of its own would need the same table: it is learnt from one symbol at a time, of the writer whose widths others confirm.
const symbols = new Map<string, number>();
const learn = (text: string, value: number) => {
  symbols.set(encodeCode128(text).slice(6, 12).join(""), value);
};
for (let code = 32; code < 127; code += 1) learn(String.fromCharCode(code), code - 32);
for (let pair = 0; pair < 100; pair += 1) learn(String(pair).padStart(2, "0"), pair);
symbols.set("114131", 100).set("113141", 99).set("211214", 104).set("211232", 105);

/** The text of bars and spaces, as a scanner reads them. @throws Error when it is none, or its check symbol is wrong */
export const decodeCode128 = (widths: readonly number[]): string => {
  const all = widths.join("");
  if (!all.endsWith("2331112") || (all.length - 7) % 6 !== 0) throw new Error("no stop");
  const values = (all.slice(0, -7).match(/.{6}/g) ?? []).map((symbol) => {
    const value = symbols.get(symbol);
    // The check symbol may be one that no text has.
    return value ?? -1;
  });
  const check = values.pop();
  const expected = checksumOf(values);
  if (check !== expected && !(check === -1 && expected > 99)) throw new Error(`check ${check}, not ${expected}`);
  let set = values[0] === 105 ? "C" : "B";
  let text = "";
  for (const value of values.slice(1)) {
    if (set === "B" && value === 99) set = "C";
    else if (set === "C" && value === 100) set = "B";
    else text += set === "C" ? String(value).padStart(2, "0") : String.fromCharCode(value + 32);
  }
  return text;
};
