import type { AccessOperation } from "./read-scopes.ts";

// daprd's own way of looking (pkg/config/acl_trie.go, pkg/acl/acl.go of 1.18), wildcards without going back: what it finds decides, not what would fit.

interface Branch {
  readonly part: string;
  readonly branches: Branch[];
  operation: AccessOperation | undefined;
}

const matches = (part: string, pattern: string): boolean =>
  new RegExp(`^${pattern.split("*").map(RegExp.escape).join(".*")}$`).test(part);

const find = (part: string, branches: readonly Branch[], last: boolean): Branch | undefined =>
  branches.find((branch) => {
    if (branch.part === part) return true;
    if (branch.part === "*") return last;
    return branch.part === "**" || matches(part, branch.part);
  });

const plant = (operations: readonly AccessOperation[]): Branch => {
  const root: Branch = { part: "", branches: [], operation: undefined };
  for (const operation of operations) {
    let branch = root;
    for (const part of operation.name.toLowerCase().split("/").slice(1)) {
      let next = branch.branches.find((one) => one.part === part);
      if (next === undefined) {
        next = { part, branches: [], operation: undefined };
        branch.branches.push(next);
      }
      branch = next;
    }
    branch.operation ??= operation;
  }
  return root;
};

const search = (root: Branch, path: string): AccessOperation | undefined => {
  const parts = path.toLowerCase().split("/").slice(1);
  let branch: Branch | undefined = root;
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    branch = find(part, branch.branches, last);
    if (branch === undefined) return undefined;
    if (branch.operation !== undefined) {
      if (!last && branch.part === "*") continue;
      return branch.operation;
    }
    if (last) return find("*", branch.branches, last)?.operation;
  }
  return undefined;
};

/** Whether the sidecar of a callee lets a caller with these operations through. */
export const isAllowed = (operations: readonly AccessOperation[], httpMethod: string, path: string): boolean => {
  const operation = search(plant(operations), path);
  if (operation === undefined) return false;
  const { httpVerb, action } = operation;
  return (httpVerb.includes(httpMethod) || httpVerb.includes("*")) && action === "allow";
};
