import { describe, expect, test } from "vitest";
import { parseTemplate, type Template, TemplateSyntaxError } from "../src/template.ts";

/** Compact: segments as they look, variables as name[start,end) with "+" where they span segments. */
const show = ({ segments, variables, verb }: Template): string =>
  [
    segments
      .map((segment) => (segment.kind === "literal" ? segment.text : segment.kind === "one" ? "*" : "**"))
      .join(" "),
    variables.map(({ fieldPath, start, end, multi }) => `${fieldPath}[${start},${end})${multi ? "+" : ""}`).join(" "),
    verb,
  ].join(" | ");

describe("a path template is read as http.proto says", () => {
  test.each([
    ["/", " |  | "],
    ["/v1/orders", "v1 orders |  | "],
    ["/v1/*", "v1 * |  | "],
    ["/v1/**", "v1 ** |  | "],
    ["/**", "** |  | "],
    ["/v1/{id}", "v1 * | id[1,2) | "],
    ["/v1/{order.id}", "v1 * | order.id[1,2) | "],
    ["/v1/{id=*}", "v1 * | id[1,2) | "],
    ["/v1/{path=**}", "v1 ** | path[1,2)+ | "],
    ["/v1/{name=shelves/*}", "v1 shelves * | name[1,3)+ | "],
    ["/v1/{name=shelves/*/books/**}", "v1 shelves * books ** | name[1,5)+ | "],
    ["/v1/{name=shelves}", "v1 shelves | name[1,2) | "],
    ["/v1/{a}/{b}/{c.d=x/*}/y", "v1 * * x * y | a[1,2) b[2,3) c.d[3,5)+ | "],
    ["/v1/orders:search", "v1 orders |  | search"],
    ["/v1/{id}:cancel", "v1 * | id[1,2) | cancel"],
    ["/v1/{path=**}:dig", "v1 ** | path[1,2)+ | dig"],
    ["/v1/a%20b", "v1 a b |  | "],
    ["/v1/a.b-c_d~e@f,g;h!i'j(k)l$m&n+o", "v1 a.b-c_d~e@f,g;h!i'j(k)l$m&n+o |  | "],
  ])("%s", (source, expected) => {
    expect(show(parseTemplate(source))).toBe(expected);
  });
});

describe("a broken template is refused at its place", () => {
  test.each([
    ["", 'expected "/" at character 1'],
    ["v1", 'expected "/" at character 1'],
    ["/v1/", "expected a literal, *, ** or {variable} at character 5"],
    ["/v1//a", "expected a literal, *, ** or {variable} at character 5"],
    ["/v1/{", "expected a field name at character 6"],
    ["/v1/{}", "expected a field name at character 6"],
    ["/v1/{1a}", "expected a field name at character 6"],
    ["/v1/{a.}", "expected a field name at character 8"],
    ["/v1/{a", 'expected "}" at character 7'],
    ["/v1/{a=}", "expected a literal, *, ** or {variable} at character 8"],
    ["/v1/{a={b}}", "a variable cannot hold another variable at character 8"],
    ["/v1/{a}/{a}", 'variable "a" is bound twice at character 9'],
    ["/v1/**/a", '"**" must be the last segment at character 8'],
    ["/v1/{a=**}/b", '"**" must be the last segment at character 12'],
    ["/v1/**/**", '"**" must be the last segment at character 8'],
    ["/v1/a:", "expected a verb at character 7"],
    ["/v1/a:b/c", 'a ":" starts the verb, which ends the path at character 8'],
    ["/v1/a:b:c", "unexpected text at character 8"],
    ["/v1/{a}b", "unexpected text at character 8"],
    ["/v1/a?b", "unexpected text at character 6"],
    ["/v1/a b", "unexpected text at character 6"],
    ["/v1/%2", "expected a literal, *, ** or {variable} at character 5"],
  ])("%s", (source, message) => {
    expect(() => parseTemplate(source)).toThrow(
      new TemplateSyntaxError(message.replace(/ at character \d+$/, ""), Number(/\d+$/.exec(message)) - 1),
    );
  });
});
