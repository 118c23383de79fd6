/** Longest word that counts; what is longer is cut. */
const MAX_WORD = 64;

/**
 * The words of a text as every engine gets them: letters and digits in lower case, without accents. Both sides of a comparison go through here,
 * so a query is words and nothing else: no operator, wildcard or quote survives.
 */
export const wordsOf = (text: string): string[] => {
  const plain = fold(text);
  return (plain.match(WORD) ?? []).map((word) => word.slice(0, MAX_WORD));
};

/** Lower case, compatibility forms and accents away. */
export const fold = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();

const WORD = /[\p{L}\p{N}]+/gu;

/** Letters that may differ before a word is another one: none up to 2, one up to 5, then two. */
export const allowedDistance = (word: string): 0 | 1 | 2 => {
  if (word.length <= 2) return 0;
  return word.length <= 5 ? 1 : 2;
};

/** Inserted, deleted, replaced or swapped letters between the two, or more than `max` when there are more. */
export const distance = (a: string, b: string, max: number): number => {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  return lastRow(a, b).at(-1) ?? 0;
};

/** The distance to the best beginning of `word`. */
export const startDistance = (start: string, word: string, max: number): number =>
  Math.min(...lastRow(start, word.slice(0, start.length + max)));

/** Distances from all of `a` to each beginning of `b` (optimal string alignment). */
const lastRow = (a: string, b: string): number[] => {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row;
};

/** What a person looks for, as words. */
export interface WantedWords {
  readonly words: readonly string[];
  /** Whether words that differ by a letter or two count. */
  readonly fuzzy: boolean;
  /** Whether the last word's beginning may be mistyped too. Only with `fuzzy`. */
  readonly fuzzyStart: boolean;
}

/** Whether a word of a text is one that is looked for: the same, much like it, or, for the last one, beginning like it. */
export const matches = ({ words, fuzzy, fuzzyStart }: WantedWords, word: string): boolean =>
  words.some((wanted, index) => {
    const last = index === words.length - 1;
    if (word === wanted || (last && word.startsWith(wanted))) return true;
    return fuzzy && isAlike(wanted, word, last && fuzzyStart);
  });

/** The first letter has to be right: it nearly always is, and it keeps the candidates few. */
export const isAlike = (wanted: string, word: string, asStart: boolean): boolean => {
  const max = allowedDistance(wanted);
  if (max === 0 || wanted[0] !== word[0]) return false;
  return (asStart ? startDistance(wanted, word, max) : distance(wanted, word, max)) <= max;
};
