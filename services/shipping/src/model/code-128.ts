// Code 128 (ISO/IEC 15417): each symbol is three bars and three spaces, eleven modules wide; the stop has one bar more.
// The widths are the standard's table, values 0 to 106.
const WIDTHS =
  "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221" +
  "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321" +
  "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131" +
  "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114" +
  "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141" +
  "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232";
const STOP = "2331112";

const START_B = 104;
const START_C = 105;
const CODE_B = 100;
const CODE_C = 99;

const widthsOf = (value: number): string => WIDTHS.slice(value * 6, value * 6 + 6);

const digitsFrom = (text: string, at: number): number => {
  let end = at;
  while (end < text.length && text[end] !== undefined && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57)
    end += 1;
  return end - at;
};

/** The symbol values of a text without check and stop: set B, and set C (two digits a symbol) where it is shorter. */
const valuesOf = (text: string): number[] => {
  const values: number[] = [];
  let set: "B" | "C" | undefined;
  let at = 0;
  while (at < text.length) {
    const digits = digitsFrom(text, at);
    // Worth a switch: four digits at an end, six between letters; two when there is nothing else.
    const enough = text.length === 2 ? 2 : at === 0 || at + digits === text.length ? 4 : 6;
    if (set === "C" ? digits >= 2 : digits >= enough) {
      // An odd digit goes first, in set B.
      if (set !== "C" && digits % 2 === 1) {
        if (set === undefined) values.push(START_B);
        set = "B";
        values.push(text.charCodeAt(at) - 32);
        at += 1;
      }
      if (set !== "C") values.push(set === undefined ? START_C : CODE_C);
      set = "C";
      for (let left = digitsFrom(text, at); left >= 2; left -= 2) {
        values.push(Number(text.slice(at, at + 2)));
        at += 2;
      }
      continue;
    }
    if (set !== "B") values.push(set === undefined ? START_B : CODE_B);
    set = "B";
    values.push(text.charCodeAt(at) - 32);
    at += 1;
  }
  return values;
};

/** The standard's check symbol: the start's value and every following one times its place, modulo 103. */
export const checksumOf = (values: readonly number[]): number =>
  values.reduce((sum, value, index) => sum + value * Math.max(index, 1), 0) % 103;

/**
 * The widths of bars and spaces in modules, a bar first, without the quiet zones (ten modules each side).
 * @param text 1 to 80 characters of printable ASCII
 * @throws TypeError for any other
 */
export const encodeCode128 = (text: string): readonly number[] => {
  if (!/^[\x20-\x7e]{1,80}$/.test(text)) throw new TypeError("Code 128 takes 1 to 80 characters of printable ASCII");
  const values = valuesOf(text);
  const symbols = [...values, checksumOf(values)].map(widthsOf).join("") + STOP;
  return [...symbols].map(Number);
};
