import { fold, matches, type WantedWords } from "./words.ts";

export interface HighlightOptions {
  /** An opening tag that the contract has checked: `<mark class="hit">`. Its closing one is made of it. Default `<em>`. */
  readonly tag?: string;
  /** Longest piece of text, in characters. Default: all of it. */
  readonly maxLength?: number;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that is safe inside HTML, in elements and in attributes; control characters become spaces. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "").replace(/\p{Cc}/gu, " ");

const WORD_IN_TEXT = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/** As HTML: everything escaped, and the words that are looked for between the tags. Done here and not by an engine, so that all mark alike. */
export const highlight = (
  text: string,
  wanted: WantedWords,
  { tag = "<em>", maxLength }: HighlightOptions = {},
): string => {
  const closing = `</${/^<([a-z0-9]+)/.exec(tag)?.[1] ?? "em"}>`;
  const found = [...text.matchAll(WORD_IN_TEXT)].filter(([word]) => matches(wanted, fold(word)));
  const { from, to } = windowOf(text, found[0]?.index ?? 0, maxLength);
  let html = from > 0 ? "…" : "";
  let at = from;
  for (const { 0: word, index } of found) {
    if (index < at || index + word.length > to) continue;
    html += `${escapeHtml(text.slice(at, index))}${tag}${escapeHtml(word)}${closing}`;
    at = index + word.length;
  }
  return `${html}${escapeHtml(text.slice(at, to))}${to < text.length ? "…" : ""}`;
};

/** The piece around the first word found, cut where a word begins. */
const windowOf = (text: string, first: number, maxLength = text.length) => {
  if (text.length <= maxLength) return { from: 0, to: text.length };
  const wished = Math.max(0, Math.min(first - Math.floor(maxLength / 4), text.length - maxLength));
  const space = wished === 0 ? -1 : text.indexOf(" ", wished);
  const from =
    wished === 0 ? 0 : space >= 0 && space < first ? space + 1 : wholeCharacter(text, Math.min(first, wished));
  return { from, to: wholeCharacter(text, Math.min(text.length, from + maxLength)) };
};

/** Not between the halves of a surrogate pair. */
const wholeCharacter = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
};
