import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";

export interface WantedPort {
  readonly port: number;
  /** "order REST" */
  readonly use: string;
}

/** Some ports are taken; the message names each with its use and its holder. */
export class PortsTakenError extends Error {
  override readonly name = "PortsTakenError";
}

/** @throws PortsTakenError */
export const checkPorts = async (wanted: readonly WantedPort[]): Promise<void> => {
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)));
  const taken = wanted.filter((_, at) => !free[at]);
  if (taken.length === 0) return;
  const lines = await Promise.all(
    taken.map(async ({ port, use }) => `  ${port} (${use}) is held by ${await holderOf(port)}`),
  );
  throw new PortsTakenError(
    `${taken.length === 1 ? "a port is" : "ports are"} in use:\n${lines.join("\n")}\nStop the holder, or choose others with --port-offset 400.`,
  );
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });

/** Linux tells by way of /proc; elsewhere the person has to ask `lsof`. */
const holderOf = async (port: number): Promise<string> => {
  const unknown = `an unknown process (try: lsof -i :${port})`;
  const inode = await listeningInode(port).catch(() => undefined);
  if (inode === undefined) return unknown;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      if (target !== `socket:[${inode}]`) continue;
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return `process ${pid}: ${command.replaceAll("\0", " ").trim().slice(0, 120) || "?"}`;
    }
  }
  return unknown;
};

const LISTEN = "0A";

const listeningInode = async (port: number): Promise<string | undefined> => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of (await readFile(table, "utf8").catch(() => "")).split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(wanted) && fields[3] === LISTEN) return fields[9];
    }
  }
  return undefined;
};
