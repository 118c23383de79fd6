import { join } from "node:path";
import type { ChunkingContext, CodeSplittingOptions } from "rolldown";
import type { BundlePlan } from "./find-bundles.ts";

/**
 * Three files that the binaries share, by how often they change: `vendor` (npm), `platform` (packages) and the service itself. What is
 * only imported while running (the label printer) stays by itself: it must not cost every start.
 */
export const groupChunks = (plan: BundlePlan, root: string, mains: readonly string[]): CodeSplittingOptions => {
  let atStart: ReadonlySet<string> | undefined;
  const group = (name: string, belongs: (id: string) => boolean, priority: number) => ({
    priority,
    debugName: name,
    name: (id: string, context: ChunkingContext) => {
      atStart ??= importedAtStart(mains, context);
      return atStart.has(id) && !mains.includes(id) && belongs(id) ? name : null;
    },
  });
  const own = join(root, plan.folder, "/");
  return {
    groups: [
      group("vendor", (id) => id.includes("/node_modules/"), 3),
      group("platform", (id) => id.startsWith(join(root, "packages/")) && !id.startsWith(own), 2),
      { ...group(plan.name, (id) => id.startsWith(own), 1), minShareCount: 2 },
    ],
  };
};

const importedAtStart = (mains: readonly string[], context: ChunkingContext): ReadonlySet<string> => {
  const seen = new Set<string>(mains);
  for (const id of seen) for (const imported of context.getModuleInfo(id)?.importedIds ?? []) seen.add(imported);
  return seen;
};
