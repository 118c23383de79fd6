import type { IndexEntry } from "../../model/index-entry.ts";

/** Positions end at 16 383; the text gets what the others leave. */
const MAX_POSITION = 16_000;

/**
 * A tsvector as Postgres writes it, by weight: title A, facts B, text D. Words are letters and digits only (`wordsOf`), so nothing in them can
 * mean anything to its parser.
 */
export const toTsVector = ({ title, facts, text }: IndexEntry["words"]): string => {
  const positions = new Map<string, string[]>();
  let at = 0;
  const add = (words: readonly string[], weight: string) => {
    for (const word of words) {
      if (at >= MAX_POSITION) return;
      at += 1;
      const known = positions.get(word) ?? [];
      if (known.length < 200) known.push(`${at}${weight}`);
      positions.set(word, known);
    }
  };
  add(title, "A");
  add(facts, "B");
  add(text, "");
  return [...positions].map(([word, where]) => `'${word}':${where.join(",")}`).join(" ");
};

/** Each word or one of its likes; all of them. `starts`: the last one may be a beginning. */
export const toTsQuery = (alternatives: readonly (readonly string[])[], titleOnly: boolean): string => {
  const weight = titleOnly ? "A" : "";
  return alternatives
    .map((words, index) => {
      const start = index === alternatives.length - 1 ? "*" : "";
      // The wanted word comes first; its likes are whole words.
      const terms = words.map((word, position) => label(word, `${position === 0 ? start : ""}${weight}`));
      return `(${terms.join(" | ")})`;
    })
    .join(" & ");
};

const label = (word: string, flags: string): string => `'${word}'${flags === "" ? "" : `:${flags}`}`;
