import { spawn } from "node:child_process";
import type { StartedBinary } from "./check-context.ts";

/** Starts a program with nothing but `env`. */
export const startProgram = (
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
): StartedBinary => {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    output: () => output,
    exited: new Promise((resolve) => {
      child.once("error", (error) => {
        output += error.message;
        resolve(127);
      });
      child.once("close", (code, signal) => resolve(code ?? (signal === "SIGKILL" ? 137 : 143)));
    }),
    terminate: () => void child.kill("SIGTERM"),
  };
};
