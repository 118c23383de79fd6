import type { Task } from "../model/task.ts";
import type { HeldTask } from "./hold-task.ts";
import type { FileReader, NewDigest, StreamWork } from "./ports.ts";
import { type ResultFileDeps, resultFile } from "./result-file.ts";
import { digestOf } from "./store-file.ts";

export interface RunStreamDeps extends ResultFileDeps {
  readonly files: FileReader;
  readonly newDigest: NewDigest;
}

/** Writes a file page by page, the next cursor with each: whoever takes over goes on behind the last page that was written down. */
export const makeRunStream =
  (deps: RunStreamDeps) =>
  async ({ claimed, signal, write }: HeldTask, stream: StreamWork): Promise<"done" | "cancelled"> => {
    let current: Task = claimed;
    if (!current.resultFileId) {
      const file = resultFile(deps, claimed, stream.fileName);
      current = await write(async (task, repositories) => {
        await repositories.files.create(file);
        return { ...task, planned: true, resultFileId: file.id };
      });
    }
    const fileId = current.resultFileId ?? "";
    while (current.checkpoint?.cursor !== "") {
      const { checkpoint } = current;
      const page = await stream.next(current, checkpoint, signal);
      const number = (checkpoint?.parts ?? 0) + 1;
      current = await write(async (task, repositories) => {
        if (page.data.byteLength > 0) await repositories.files.putPart(fileId, number, page.data);
        const done = task.itemsDone + page.rows;
        const next = { cursor: page.cursor ?? "", parts: number };
        return { ...task, itemsDone: done, itemsTotal: done, checkpoint: next, failures: 0, error: undefined };
      });
      if (current.status === "CANCELLING") return "cancelled";
      signal.throwIfAborted();
    }
    const { is, bytes } = await digestOf(deps.files, deps.newDigest, fileId);
    await write(async (task, repositories) => {
      const file = await repositories.files.lockById(fileId);
      if (file) await repositories.files.update({ ...file, sizeBytes: bytes, sha256: is, status: "COMPLETE" });
      return task;
    });
    return "done";
  };
