import type { HeldTask } from "./hold-task.ts";
import type { ItemWork, NewDigest, Tables, TaskQueue } from "./ports.ts";
import { type ResultFileDeps, resultFile } from "./result-file.ts";

export interface RunItemsDeps extends ResultFileDeps {
  readonly queue: Pick<TaskQueue, "listPending" | "listFailed">;
  readonly tables: Tables;
  readonly newDigest: NewDigest;
  /** Resolves after so long, or when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Lines of one part of a result. */
const PART_LINES = 1_000;

/** Plans a task's items once, then works on them chunk by chunk: what is settled is not done again by whoever takes over. */
export const makeRunItems = (deps: RunItemsDeps) => {
  const { queue, tables, clock, newDigest, pause } = deps;

  /** The list of what was refused, as a file that a person can repair and import again. */
  const writeRefused = async ({ claimed, write }: HeldTask): Promise<void> => {
    const parts: Uint8Array[] = [];
    let after = 0;
    let lines: (readonly string[])[] = [["line", "subject", "error", "message"]];
    for (;;) {
      const failed = await queue.listFailed(claimed.id, after, PART_LINES);
      for (const { line, subject, error } of failed)
        lines.push([String(line), subject, error?.code ?? "", error?.message ?? ""]);
      if (failed.length > 0) parts.push(tables.write(lines));
      if (failed.length < PART_LINES) break;
      lines = [];
      after = failed.at(-1)?.number ?? after;
    }
    if (parts.length === 0) return;
    const digest = newDigest();
    for (const part of parts) digest.update(part);
    const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const file = {
      ...resultFile(deps, claimed, `${claimed.kind}-refused.csv`),
      sizeBytes,
      sha256: digest.hex(),
      status: "COMPLETE" as const,
    };
    await write(async (task, repositories) => {
      await repositories.files.create(file);
      for (const [at, part] of parts.entries()) await repositories.files.putPart(file.id, at + 1, part);
      return { ...task, resultFileId: file.id };
    });
  };

  return async (held: HeldTask, items: ItemWork): Promise<"done" | "cancelled"> => {
    const { claimed, signal, write } = held;
    if (!claimed.planned) {
      const planned = await items.plan(claimed, signal);
      await write(async (task, { tasks }) => {
        await tasks.replaceItems(task.id, planned);
        const refused = planned.filter(({ error }) => error).length;
        return { ...task, planned: true, itemsTotal: planned.length, itemsFailed: refused, failures: 0 };
      });
    }
    for (;;) {
      const perSecond = items.maxPerSecond?.(claimed);
      const size = Math.max(1, Math.min(items.chunkSize, perSecond ?? items.chunkSize));
      const chunk = await queue.listPending(claimed.id, size);
      if (chunk.length === 0) break;
      const startedAt = clock.now().getTime();
      const outcomes = await items.run(claimed, chunk, signal);
      const after = await write(async (task, { tasks }) => {
        await tasks.settleItems(task.id, outcomes);
        const failed = outcomes.filter(({ status }) => status === "FAILED").length;
        const itemsDone = task.itemsDone + outcomes.length - failed;
        return { ...task, itemsDone, itemsFailed: task.itemsFailed + failed, failures: 0, error: undefined };
      });
      if (after.status === "CANCELLING") return "cancelled";
      if (perSecond) {
        const spentMs = clock.now().getTime() - startedAt;
        await pause(Math.max(0, Math.ceil((chunk.length / perSecond) * 1_000) - spentMs), signal);
      }
      signal.throwIfAborted();
    }
    await writeRefused(held);
    return "done";
  };
};
