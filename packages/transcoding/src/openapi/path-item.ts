import type { PathVariable, Route } from "../route.ts";

export interface PathParameter {
  readonly name: string;
  /** The field that it sets, alone or with others. */
  readonly variable: PathVariable | undefined;
  /** True when it is the whole value of its variable, false when it is one segment of it. */
  readonly whole: boolean;
  /** True for `**`, which may hold slashes. */
  readonly rest: boolean;
}

export interface OpenApiPath {
  /** Templates with the same shape are one path to OpenAPI, whatever their parameters are called. */
  readonly shape: string;
  /** "/v1/shelves/{shelf}/books/{book}:lend" with the given names. */
  render(names: readonly string[]): string;
  readonly parameters: readonly PathParameter[];
}

/** "shelves" -> "shelf", "categories" -> "category", "orders" -> "order". */
const singular = (plural: string): string =>
  plural.endsWith("ves")
    ? `${plural.slice(0, -3)}f`
    : plural.endsWith("ies")
      ? `${plural.slice(0, -3)}y`
      : plural.endsWith("s")
        ? plural.slice(0, -1)
        : plural;

/**
 * OpenAPI knows parameters of one segment only: `{name=shelves/*\/books/*}` becomes `shelves/{shelf}/books/{book}`, each wildcard named
 * after the segment before it. A `**` stays one parameter.
 */
export const describePath = (route: Route): OpenApiPath => {
  const { segments, verb } = route.template;
  const parameters: PathParameter[] = [];
  const parts: string[] = [];
  const taken = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === "literal") {
      parts.push(encodeURIComponent(segment.text).replaceAll("%40", "@"));
      continue;
    }
    const variable = route.variables.find(({ start, end }) => start <= index && index < end);
    const whole = variable !== undefined && variable.end - variable.start === 1;
    const before = segments[index - 1];
    const own = before?.kind === "literal" ? singular(before.text) : (variable?.name ?? "segment");
    let name = whole ? variable.name : own;
    for (let count = 2; taken.has(name); count++) name = `${own}_${count}`;
    taken.add(name);
    parameters.push({ name, variable, whole, rest: segment.kind === "rest" });
    parts.push("{}");
  }
  const suffix = verb === "" ? "" : `:${verb}`;
  return {
    shape: `/${parts.join("/")}${suffix}`,
    render: (names) => {
      let next = 0;
      return `/${parts.map((part) => (part === "{}" ? `{${names[next++]}}` : part)).join("/")}${suffix}`;
    },
    parameters,
  };
};
