import { mkdirSync } from "node:fs";
import { createConnection } from "node:net";
import { requireTool } from "./find-tool.ts";
import { freePorts } from "./free-ports.ts";
import { type Program, startProgram } from "./program.ts";

export interface KafkaOptions {
  /** Where it keeps its data, made when missing. */
  readonly dir: string;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** One broker of Kafka on 127.0.0.1, its own controller, topics of three partitions made when first used. Without TLS; clients log in by SCRAM-SHA-512. */
export interface Kafka extends Program {
  /** `127.0.0.1:9092` */
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Starts a broker and waits until it takes connections: some 4 s on an idle machine, 330 MB.
 * @throws ToolMissingError when `npm run tools` has not made it, ProgramFailedError when it does not start
 */
export const startKafka = async ({ dir, log, signal }: KafkaOptions): Promise<Kafka> => {
  const command = requireTool("kafka").path;
  const ports = await freePorts(3);
  const [port = 0] = ports;
  mkdirSync(dir, { recursive: true });
  const program = await startProgram({
    name: `kafka on port ${port}`,
    command,
    args: [ports.join(","), dir, "384m"],
    cwd: dir,
    ready: () => accepts(port),
    ports,
    readyTimeoutMs: 120_000,
    ...(log && { log }),
    ...(signal && { signal }),
  });
  return { ...program, address: `127.0.0.1:${port}`, username: "tandem", password: "tandem" };
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: 1_000 });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
