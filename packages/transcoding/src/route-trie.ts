import type { Template } from "./template.ts";

interface Leaf<R> {
  /** By verb ("" for none), then by HTTP method. */
  readonly verbs: Map<string, Map<string, R>>;
}

interface Node<R> {
  readonly literals: Map<string, Node<R>>;
  one: Node<R> | undefined;
  rest: Leaf<R> | undefined;
  readonly leaf: Leaf<R>;
}

export interface Found<R> {
  readonly route: R;
  /** Raw text of the template's segments: where each starts and ends in `path`. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface RouteTrie<R> {
  /** Returns the route already there when the place is taken, else undefined. */
  insert(httpMethod: string, template: Template, route: R): R | undefined;
  find(httpMethod: string, path: string): Found<R> | undefined;
  /** The HTTP methods that some route accepts at this path. */
  methodsAt(path: string): string[];
}

/** Matches every HTTP method: `custom: { kind: "*" }`. */
export const anyMethod = "*";

const createNode = <R>(): Node<R> => ({
  literals: new Map(),
  one: undefined,
  rest: undefined,
  leaf: { verbs: new Map() },
});

const methodsOf = <R>(leaf: Leaf<R>, verb: string): Map<string, R> => {
  const methods = leaf.verbs.get(verb) ?? new Map<string, R>();
  leaf.verbs.set(verb, methods);
  return methods;
};

/** "%6Frders" and "orders" are the same literal; a segment that does not decode matches no literal. */
const literalOf = (segment: string): string => {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/**
 * Finds the most specific route: at each segment, a literal wins over `*`, `*` over `**`; a known verb wins over a colon that
 * belongs to the segment. Where the specific branch has no route for the method, the search goes back to the general one.
 */
export const createRouteTrie = <R>(): RouteTrie<R> => {
  const root = createNode<R>();
  const knownVerbs = new Set<string>();

  const insert = (httpMethod: string, template: Template, route: R): R | undefined => {
    let node = root;
    let leaf = node.leaf;
    for (const segment of template.segments) {
      if (segment.kind === "rest") {
        node.rest ??= { verbs: new Map() };
        leaf = node.rest;
        break;
      }
      let next = segment.kind === "one" ? node.one : node.literals.get(segment.text);
      if (next === undefined) {
        next = createNode<R>();
        if (segment.kind === "one") node.one = next;
        else node.literals.set(segment.text, next);
      }
      node = next;
      leaf = node.leaf;
    }
    if (template.verb !== "") knownVerbs.add(template.verb);
    const methods = methodsOf(leaf, template.verb);
    const taken = methods.get(httpMethod);
    if (taken === undefined) methods.set(httpMethod, route);
    return taken;
  };

  /** Visits the leaves that `path` (ending at `end`, verb removed) reaches, most specific first, until `visit` says true. */
  const walk = (
    node: Node<R>,
    path: string,
    from: number,
    end: number,
    starts: number[],
    ends: number[],
    visit: (leaf: Leaf<R>) => boolean,
  ): boolean => {
    if (from > end) {
      if (visit(node.leaf)) return true;
      if (node.rest === undefined) return false;
      starts.push(end);
      ends.push(end);
      if (visit(node.rest)) return true;
      starts.pop();
      ends.pop();
      return false;
    }
    let stop = path.indexOf("/", from);
    if (stop < 0 || stop > end) stop = end;
    if (stop > from) {
      const depth = starts.length;
      starts.push(from);
      ends.push(stop);
      const literal = node.literals.size > 0 ? node.literals.get(literalOf(path.slice(from, stop))) : undefined;
      if (literal !== undefined && walk(literal, path, stop + 1, end, starts, ends, visit)) return true;
      if (node.one !== undefined && walk(node.one, path, stop + 1, end, starts, ends, visit)) return true;
      starts.length = depth;
      ends.length = depth;
    }
    if (node.rest !== undefined) {
      starts.push(from);
      ends.push(end);
      if (visit(node.rest)) return true;
      starts.pop();
      ends.pop();
    }
    return false;
  };

  /** Splits off a verb that some template has, then tries without. */
  const search = (
    path: string,
    visit: (methods: Map<string, R>) => boolean,
    starts: number[],
    ends: number[],
  ): boolean => {
    if (!path.startsWith("/")) return false;
    const attempt = (end: number, verb: string): boolean => {
      starts.length = 0;
      ends.length = 0;
      // "/" alone has no segments; "/a/" has an empty last one, which only "**" takes.
      return walk(root, path, end === 1 ? 2 : 1, end, starts, ends, (leaf) => {
        const methods = leaf.verbs.get(verb);
        return methods !== undefined && visit(methods);
      });
    };
    if (knownVerbs.size > 0) {
      const colon = path.lastIndexOf(":");
      if (colon > path.lastIndexOf("/")) {
        const verb = literalOf(path.slice(colon + 1));
        if (knownVerbs.has(verb) && attempt(colon, verb)) return true;
      }
    }
    return attempt(path.length, "");
  };

  return {
    insert,
    find: (httpMethod, path) => {
      let route: R | undefined;
      const starts: number[] = [];
      const ends: number[] = [];
      const found = search(
        path,
        (methods) => {
          route = methods.get(httpMethod) ?? methods.get(anyMethod);
          return route !== undefined;
        },
        starts,
        ends,
      );
      return found && route !== undefined ? { route, starts, ends } : undefined;
    },
    methodsAt: (path) => {
      const allowed = new Set<string>();
      search(
        path,
        (methods) => {
          for (const method of methods.keys()) allowed.add(method);
          return false;
        },
        [],
        [],
      );
      return [...allowed].sort();
    },
  };
};
