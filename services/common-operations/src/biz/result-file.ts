import type { Clock } from "@tandem/kernel";
import type { StoredFile } from "../model/file.ts";
import type { ClaimedTask } from "../model/task.ts";

export interface ResultFileDeps {
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long results are kept. */
  readonly retainMs: number;
}

/** What a task hands to whoever asked for it: a table, still empty. */
export const resultFile = ({ clock, newId, retainMs }: ResultFileDeps, task: ClaimedTask, name: string): StoredFile => {
  const createdAt = clock.now();
  return {
    id: newId(),
    name,
    contentType: "text/csv",
    sizeBytes: 0,
    sha256: "",
    status: "OPEN",
    createdBy: task.requestedBy,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + retainMs),
  };
};
