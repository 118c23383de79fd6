import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "../report.ts";

const root = join(import.meta.dirname, "../../..");
const OFFSET = 600;

interface Run {
  readonly firstOrderMs: number;
  readonly residentMb: number;
}

/** `npm start` without npm: until the demonstration order is COMPLETED, and how much memory the process takes then. */
const startOnce = async (reset: boolean): Promise<Run> => {
  const args = [
    join(root, "packages/cli/src/main.ts"),
    "up",
    "--port-offset",
    String(OFFSET),
    ...(reset ? ["--reset"] : []),
  ];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const completed = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (/ is COMPLETED after /.test(output)) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`npm start ended early:\n${output}`)));
  });
  try {
    await completed;
    const firstOrderMs = performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    return { firstOrderMs, residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024 };
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
};

export const measureStartUp = async (rounds: number): Promise<Figure[]> => {
  const fresh: Run[] = [];
  const warm: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    fresh.push(await startOnce(true));
    warm.push(await startOnce(false));
  }
  const seconds = (runs: readonly Run[]) => runs.map(({ firstOrderMs }) => firstOrderMs / 1_000);
  return [
    {
      name: "npm start, fresh, to the first completed order",
      unit: "s",
      samples: seconds(fresh),
      target: { atMost: 15 },
    },
    { name: "npm start, warm, to the first completed order", unit: "s", samples: seconds(warm), target: { atMost: 6 } },
    {
      name: "resident memory of the embedded platform, without Postgres",
      unit: "MB",
      samples: warm.map(({ residentMb }) => residentMb),
      note: "25 binaries, 25 sidecars, one process of two threads",
    },
  ];
};
