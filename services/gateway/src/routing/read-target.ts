export interface RequestTarget {
  /** Still percent-encoded. */
  readonly path: string;
  /** With "?", or empty. */
  readonly search: string;
}

const MAX_TARGET_CHARS = 8_192;
// Whatever some server behind us might decode into a separator, a dot segment or the end of a string.
const ENCODED_TRAPS = /%(?:2f|5c|00|0a|0d)/i;
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const FORBIDDEN = /[\u0000-\u0020\u007f-\uffff\\#]/;

/**
 * Path and query, or undefined when two servers could read the path differently: dot segments, empty segments, encoded slashes,
 * backslashes, control characters, broken escapes, absolute and authority forms. Nothing is normalized: what we match is what we forward.
 */
export const readTarget = (url: string | undefined): RequestTarget | undefined => {
  if (url === undefined || !url.startsWith("/") || url.length > MAX_TARGET_CHARS || FORBIDDEN.test(url))
    return undefined;
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path.includes("//") || ENCODED_TRAPS.test(path) || DOT_SEGMENT.test(path)) return undefined;
  if (path.includes("%") && !decodes(path)) return undefined;
  return { path, search: mark < 0 ? "" : url.slice(mark) };
};

const decodes = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};
