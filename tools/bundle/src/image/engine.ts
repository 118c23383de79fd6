import { spawn, spawnSync } from "node:child_process";

export type EngineName = "docker" | "podman";
export const engineNames: readonly EngineName[] = ["docker", "podman"];

export interface Engine {
  readonly name: EngineName;
  /** Its output, trimmed. @throws Error with the last lines of what it said */
  run(args: readonly string[], onLine?: (line: string) => void): Promise<string>;
}

/**
 * The engine asked for, else the first that is installed and answers.
 * @throws Error saying what to install or start
 */
export const findEngine = (wanted: string | undefined): Engine => {
  if (wanted !== undefined && !engineNames.some((name) => name === wanted))
    throw new Error(`unknown engine "${wanted}": ${engineNames.join(" or ")}`);
  const candidates = engineNames.filter((name) => wanted === undefined || name === wanted);
  const problems: string[] = [];
  for (const name of candidates) {
    const probe = spawnSync(name, ["version"], { encoding: "utf8" });
    if (probe.status === 0) return { name, run: (args, onLine) => run(name, args, onLine) };
    problems.push(
      probe.error
        ? `${name} is not installed`
        : `${name} does not answer: ${probe.stderr.trim().split("\n").at(-1) ?? "no reason given"}`,
    );
  }
  throw new Error(
    `${problems.join("; ")}.\nImages need Docker (https://docs.docker.com/engine/install) or Podman (Debian: apt-get install podman). ` +
      "Without either, npm run bundle makes what would be inside.",
  );
};

const run = (command: string, args: readonly string[], onLine?: (line: string) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let everything = "";
    const take = (chunk: Buffer, isOutput: boolean) => {
      const text = chunk.toString();
      if (isOutput) output += text;
      everything = (everything + text).slice(-8_000);
      for (const line of text.split(/[\r\n]+/)) if (line.trim() !== "") onLine?.(line);
    };
    child.stdout.on("data", (chunk: Buffer) => take(chunk, true));
    child.stderr.on("data", (chunk: Buffer) => take(chunk, false));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve(output.trim());
      const tail = everything.trim().split("\n").slice(-15).join("\n");
      reject(new Error(`${command} ${args[0]} failed (exit code ${code}):\n${tail}`));
    });
  });
