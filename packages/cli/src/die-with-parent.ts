import { spawnSync } from "node:child_process";

/** Puts before a command what makes the kernel end it (SIGTERM) when we die, `kill -9` included. Linux only; elsewhere the command as it is. */
export const dyingWithParent = (command: readonly [string, ...string[]]): readonly [string, ...string[]] => {
  if (process.platform !== "linux") return command;
  const probe = spawnSync("setpriv", ["--pdeathsig", "TERM", "true"], { stdio: "ignore" });
  return probe.status === 0 ? ["setpriv", "--pdeathsig", "TERM", ...command] : command;
};
