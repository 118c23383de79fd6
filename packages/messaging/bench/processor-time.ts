import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10;

/** Processor time so far of this process and of every child of `postmaster`, in ms. What others run beside does not show. */
export const processorMs = (postmaster: number): { node: number; postgres: number } => {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (Number(fields[1]) === postmaster) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return { node: (user + system) / 1_000, postgres: ticks * TICK_MS };
};
