import { mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { requireTool } from "./find-tool.ts";
import { freePorts } from "./free-ports.ts";
import { type Program, startProgram } from "./program.ts";

export interface BrokerOptions {
  /** Default: a free one. Give the old one to start again after a crash. */
  readonly port?: number;
  /** Its working directory, made when missing. */
  readonly dir: string;
  /**
   * `none` (default): memory only. `always`: append-only file, flushed before each answer, so that a restart in `dir` loses
   * nothing that was acknowledged. `everysec`: append-only file, flushed once a second.
   */
  readonly durability?: "none" | "everysec" | "always";
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Default: what {@link requireTool} finds. */
  readonly command?: string;
}

/** A Redis-protocol server on 127.0.0.1, without a password. */
export interface Broker extends Program {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:6379`, as Dapr's `redisHost` wants it. */
  readonly address: string;
}

/**
 * Starts valkey-server or redis-server and waits until it answers PING.
 * @throws ToolMissingError when there is none, ProgramFailedError when it does not start (port in use, unreadable file).
 */
export const startBroker = async (options: BrokerOptions): Promise<Broker> => {
  const command = options.command ?? requireTool("broker").path;
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  mkdirSync(options.dir, { recursive: true });
  const { durability = "none" } = options;
  const persistence =
    durability === "none" ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", durability];
  const program = await startProgram({
    name: `broker on port ${port}`,
    command,
    args: [
      "--port",
      `${port}`,
      "--bind",
      "127.0.0.1",
      "--dir",
      options.dir,
      "--save",
      "",
      "--daemonize",
      "no",
      ...persistence,
    ],
    ready: async () => (await ask(port, "PING")).startsWith("+PONG"),
    ports: [port],
    readyTimeoutMs: 15_000,
    ...(options.log && { log: options.log }),
    ...(options.signal && { signal: options.signal }),
  });
  return { ...program, host: "127.0.0.1", port, address: `127.0.0.1:${port}` };
};

// While it reads its file the answer to PING is "-LOADING", which is not ready yet.
const ask = (port: number, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: 1_000 });
    const fail = (error?: Error): void => {
      socket.destroy();
      reject(error ?? new Error(`no answer to ${command}`));
    };
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("data", (data: Buffer) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once("error", fail);
    socket.once("timeout", fail);
    socket.once("close", () => fail());
  });
