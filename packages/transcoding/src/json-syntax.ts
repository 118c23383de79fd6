/** What is wrong with a JSON text and where, for people: V8's own message gives no position for short texts. */
export interface JsonProblem {
  readonly message: string;
  /** Zero-based index into the text. */
  readonly position: number;
  /** The key given twice, when that is the problem (which JSON.parse lets pass). */
  readonly duplicateKey?: string;
}

type Want = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or end" | "end";

const space = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

const matchAt = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
};

/** The end of the string literal that starts at `at`, or the (negative, one-based) place where it breaks. */
const endOfString = (text: string, at: number): number => {
  let i = at + 1;
  while (i < text.length) {
    const char = text.charCodeAt(i);
    if (char === 0x22) return i + 1;
    if (char < 0x20) return -(i + 1);
    if (char === 0x5c) {
      const next = matchAt(escaped, text, i);
      if (next < 0) return -(i + 1);
      i = next;
    } else {
      i += 1;
    }
  }
  return -(text.length + 1);
};

/** Scans a JSON text (iteratively: no depth can exhaust the stack) and tells its first problem, or undefined when it is sound. */
export const findJsonProblem = (text: string): JsonProblem | undefined => {
  const open: (Set<string> | null)[] = [];
  let want: Want = "value";
  let at = 0;
  const problem = (what: string, position: number): JsonProblem => ({
    message: position >= text.length ? `${what}, but the text ends` : what,
    position,
  });
  for (;;) {
    at = matchAt(space, text, at);
    const char = text[at];
    if (want === "end") return char === undefined ? undefined : problem("expected the end of the text", at);
    if (want === "value" || want === "value or ]") {
      if (want === "value or ]" && char === "]") {
        at += 1;
        open.pop();
      } else if (char === "{" || char === "[") {
        at += 1;
        open.push(char === "{" ? new Set() : null);
        want = char === "{" ? "key or }" : "value or ]";
        continue;
      } else {
        const end = char === '"' ? endOfString(text, at) : Math.max(matchAt(number, text, at), matchAt(word, text, at));
        if (char === '"' && end < 0) return problem("expected the string to go on and to be closed", -end - 1);
        if (end < 0) return problem("expected a value", at);
        at = end;
      }
    } else if (want === "key" || want === "key or }") {
      if (want === "key or }" && char === "}") {
        at += 1;
        open.pop();
      } else {
        if (char !== '"') return problem("expected a key in double quotes", at);
        const end = endOfString(text, at);
        if (end < 0) return problem("expected the key to be closed", -end - 1);
        const key = JSON.parse(text.slice(at, end)) as string;
        const seen = open.at(-1);
        if (seen?.has(key))
          return { message: `the key ${JSON.stringify(key)} is given twice`, position: at, duplicateKey: key };
        seen?.add(key);
        at = end;
        want = "colon";
        continue;
      }
    } else if (want === "colon") {
      if (char !== ":") return problem('expected ":"', at);
      at += 1;
      want = "value";
      continue;
    } else {
      const inObject = open.at(-1) !== null;
      if (char === ",") {
        at += 1;
        want = inObject ? "key" : "value";
        continue;
      }
      if (char !== (inObject ? "}" : "]")) return problem(`expected "," or "${inObject ? "}" : "]"}"`, at);
      at += 1;
      open.pop();
    }
    want = open.length === 0 ? "end" : "comma or end";
  }
};

/** "line 2, column 7", both from 1. */
export const placeOf = (text: string, position: number): string => {
  const before = text.slice(0, position);
  return `line ${before.split("\n").length}, column ${position - before.lastIndexOf("\n")}`;
};
