import { mkdirSync } from "node:fs";
import { requireTool } from "./find-tool.ts";
import { freePorts } from "./free-ports.ts";
import { type Program, startProgram } from "./program.ts";

export interface SearchServerOptions {
  readonly product: "opensearch" | "elasticsearch";
  /** Where it keeps its data and logs, made when missing. */
  readonly dir: string;
  /** Default: a free one. Give the old one to start again after a crash. */
  readonly port?: number;
  /** Default 512. */
  readonly maxHeapMb?: number;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** One node of OpenSearch or Elasticsearch on 127.0.0.1, without TLS and passwords. */
export interface SearchServer extends Program {
  readonly port: number;
  /** `http://127.0.0.1:9200` */
  readonly url: string;
}

/**
 * Starts a node and waits until it takes requests: 5 to 10 s on an idle machine.
 * @throws ToolMissingError when `npm run tools` has not made it, ProgramFailedError when it does not start
 */
export const startSearchServer = async (options: SearchServerOptions): Promise<SearchServer> => {
  const { product, dir, maxHeapMb = 512 } = options;
  const command = requireTool(product).path;
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  mkdirSync(dir, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: `${product} on port ${port}`,
    command,
    args: [`${port}`, dir, `${maxHeapMb}m`],
    cwd: dir,
    ready: async (signal) => {
      const answer = await fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`, { signal });
      return answer.ok;
    },
    ports: [port],
    readyTimeoutMs: 120_000,
    ...(options.log && { log: options.log }),
    ...(options.signal && { signal: options.signal }),
  });
  return { ...program, port, url };
};
