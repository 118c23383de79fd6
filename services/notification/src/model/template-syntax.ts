import { templateInvalid, variableMissing } from "./errors.ts";

/**
 * `{{name}}` a value, `{{#name}}…{{/name}}` for each item of a list or when a text is not empty, `{{^name}}…{{/name}}` when it is. There is
 * no way to leave a value unescaped, and nothing else: a template is data that people edit.
 */
export type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "value"; readonly name: string }
  | { readonly type: "section"; readonly name: string; readonly inverted: boolean; readonly body: readonly Node[] };

/** A value as it is printed. */
export type View = { readonly [name: string]: string | readonly View[] };

/** What a template may name: of lists, what their items have. */
export type Names = { readonly [name: string]: true | Names };

const TAG = /\{\{([#^/]?)\s*([A-Za-z][A-Za-z0-9]*)\s*\}\}/g;

/** @throws AppError `notification.template_invalid` */
export const parseTemplate = (field: string, source: string): readonly Node[] => {
  // Elsewhere three braces print a value as it is: who writes them means that, and must not get something else.
  if (/\{\{\{|\}\}\}/.test(source)) throw templateInvalid(field, "{{{ is no tag");
  const root: Node[] = [];
  const open: { name: string; body: Node[] }[] = [];
  const here = () => open.at(-1)?.body ?? root;
  let last = 0;
  const text = (until: number) => {
    const piece = source.slice(last, until);
    if (piece.includes("{{"))
      throw templateInvalid(field, `"${piece.slice(piece.indexOf("{{"), piece.indexOf("{{") + 20)}" is no tag`);
    if (piece) here().push({ type: "text", text: piece });
  };
  for (const match of source.matchAll(TAG)) {
    const [tag, kind, name = ""] = match;
    text(match.index);
    last = match.index + tag.length;
    if (kind === "") here().push({ type: "value", name });
    else if (kind === "/") {
      if (open.pop()?.name !== name) throw templateInvalid(field, `${tag} closes what is not open`);
    } else {
      const body: Node[] = [];
      here().push({ type: "section", name, inverted: kind === "^", body });
      open.push({ name, body });
    }
  }
  text(source.length);
  const unclosed = open.at(-1);
  if (unclosed) throw templateInvalid(field, `{{#${unclosed.name}}} is not closed`);
  return root;
};

/** Every name is one that there will be a value for. @throws AppError `notification.template_invalid` */
export const checkNames = (field: string, nodes: readonly Node[], scopes: readonly Names[]): void => {
  for (const node of nodes) {
    if (node.type === "text") continue;
    const found = scopes.find((scope) => Object.hasOwn(scope, node.name))?.[node.name];
    if (found === undefined) throw templateInvalid(field, `there is no variable ${node.name}`);
    if (node.type === "value" && found !== true) throw templateInvalid(field, `${node.name} is a list`);
    if (node.type === "section")
      checkNames(field, node.body, found === true || node.inverted ? scopes : [found, ...scopes]);
  }
};

/** @throws AppError `notification.variable_missing`: a text with a hole is not sent */
export const renderNodes = (
  nodes: readonly Node[],
  scopes: readonly View[],
  print: (text: string) => string,
): string => {
  const lookUp = (name: string) => {
    const value = scopes.find((scope) => Object.hasOwn(scope, name))?.[name];
    if (value === undefined) throw variableMissing(name);
    return value;
  };
  const one = (node: Node): string => {
    if (node.type === "text") return node.text;
    const value = lookUp(node.name);
    if (node.type === "value") {
      if (typeof value !== "string") throw variableMissing(node.name, "it is a list");
      return print(value);
    }
    const body = (inner: readonly View[]) => renderNodes(node.body, inner, print);
    if (node.inverted) return value.length === 0 ? body(scopes) : "";
    if (typeof value === "string") return value ? body(scopes) : "";
    return value.map((item) => body([item, ...scopes])).join("");
  };
  return nodes.map(one).join("");
};

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
