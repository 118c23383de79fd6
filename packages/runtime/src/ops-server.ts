import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface OpsOptions {
  readonly health: Health;
  readonly metrics: Metrics;
}

export interface OpsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers `/livez`, `/readyz` and `/metrics`, independent of any server; undefined for other paths. */
export const createOpsRoutes =
  ({ health, metrics }: OpsOptions) =>
  async (path: string): Promise<OpsAnswer | undefined> => {
    if (path === "/livez") return json(health.live() ? 200 : 503, { ok: health.live() });
    if (path === "/readyz") {
      const readiness = await health.ready();
      return json(readiness.ok ? 200 : 503, readiness);
    }
    if (path === "/metrics") return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
    return undefined;
  };

const json = (status: number, body: unknown): OpsAnswer => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});

export interface OpsServerOptions extends OpsOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default "0.0.0.0": probes and Prometheus come from outside the pod. */
  readonly host?: string;
}

export interface OpsServer extends AsyncDisposable {
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
}

/** The worker's small HTTP server for probes and metrics. The API serves the same routes through its own server. */
export const createOpsServer = ({ port, host = "0.0.0.0", health, metrics }: OpsServerOptions): OpsServer => {
  const answer = createOpsRoutes({ health, metrics });
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const reading = request.method === "GET" || request.method === "HEAD";
    const routed = reading ? answer(path) : Promise.resolve(undefined);
    routed.then(
      (found) => {
        const { status, contentType, body } = found ?? { status: 404, contentType: "text/plain", body: "not found\n" };
        response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : body);
      },
      () => response.writeHead(500).end(),
    );
  });
  const stop = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    start: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return { port: (server.address() as AddressInfo).port };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};
