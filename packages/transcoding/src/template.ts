/** One step of a path: a literal, `*` (exactly one non-empty segment) or `**` (the rest, which may be empty). */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "rest" };

export interface TemplateVariable {
  /** As written: `order.id`. */
  readonly fieldPath: string;
  /** Indexes into `segments`: first, and one past the last. */
  readonly start: number;
  readonly end: number;
  /** True when the variable may span several segments: its `%2F` stays as it is. */
  readonly multi: boolean;
}

export interface Template {
  readonly segments: readonly Segment[];
  readonly variables: readonly TemplateVariable[];
  /** What follows the last colon, "" when there is none. */
  readonly verb: string;
}

/** The template's grammar is broken; `position` is the index of the offending character. */
export class TemplateSyntaxError extends Error {
  override readonly name = "TemplateSyntaxError";
  readonly position: number;
  constructor(problem: string, position: number) {
    super(`${problem} at character ${position + 1}`);
    this.position = position;
  }
}

const literalPattern = /(?:[A-Za-z0-9\-._~!$&'()+,;@]|%[0-9A-Fa-f]{2})+/y;
const identPattern = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Parses a path template of google/api/http.proto:
 * `Template = "/" Segments [ ":" Verb ]`, `Variable = "{" FieldPath [ "=" Segments ] "}"`.
 * @throws TemplateSyntaxError
 */
export const parseTemplate = (source: string): Template => {
  const segments: Segment[] = [];
  const variables: TemplateVariable[] = [];
  let at = 0;

  const fail = (problem: string): never => {
    throw new TemplateSyntaxError(problem, at);
  };
  const take = (pattern: RegExp, what: string): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found === null) return fail(`expected ${what}`);
    at += found[0].length;
    return found[0];
  };
  const expect = (text: string): void => {
    if (!source.startsWith(text, at)) fail(`expected "${text}"`);
    at += text.length;
  };
  const parseSegment = (insideVariable: boolean): void => {
    if (segments.at(-1)?.kind === "rest") fail('"**" must be the last segment');
    if (source.startsWith("**", at)) {
      segments.push({ kind: "rest" });
      at += 2;
    } else if (source[at] === "*") {
      segments.push({ kind: "one" });
      at += 1;
    } else if (source[at] === "{") {
      if (insideVariable) fail("a variable cannot hold another variable");
      parseVariable();
    } else {
      const text = take(literalPattern, "a literal, *, ** or {variable}");
      segments.push({ kind: "literal", text: decodeURIComponent(text) });
    }
  };
  const parseSegments = (insideVariable: boolean): void => {
    parseSegment(insideVariable);
    while (source[at] === "/") {
      at += 1;
      parseSegment(insideVariable);
    }
  };
  const parseVariable = (): void => {
    const opened = at;
    at += 1;
    const names = [take(identPattern, "a field name")];
    while (source[at] === ".") {
      at += 1;
      names.push(take(identPattern, "a field name"));
    }
    const start = segments.length;
    if (source[at] === "=") {
      at += 1;
      parseSegments(true);
    } else {
      segments.push({ kind: "one" });
    }
    expect("}");
    const fieldPath = names.join(".");
    if (variables.some((variable) => variable.fieldPath === fieldPath)) {
      at = opened;
      fail(`variable "${fieldPath}" is bound twice`);
    }
    const multi = segments.length - start > 1 || segments[start]?.kind === "rest";
    variables.push({ fieldPath, start, end: segments.length, multi });
  };

  expect("/");
  if (at < source.length) parseSegments(false);
  let verb = "";
  if (source[at] === ":") {
    at += 1;
    verb = decodeURIComponent(take(literalPattern, "a verb"));
  }
  if (at < source.length) {
    fail(
      source.indexOf("/", at) >= 0 && verb !== "" ? 'a ":" starts the verb, which ends the path' : "unexpected text",
    );
  }
  return { segments, variables, verb };
};
