import { readFile } from "node:fs/promises";

/** Resident memory of a process in MB; undefined where /proc does not tell. */
export const readMemoryMb = async (pid: number | undefined): Promise<number | undefined> => {
  if (pid === undefined) return undefined;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kb === undefined ? undefined : Math.round(Number(kb) / 1024);
};
