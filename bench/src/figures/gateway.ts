import { spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDevIssuer } from "@tandem/auth";
import { migrations } from "@tandem/catalog-service/migrate";
import { createLogger } from "@tandem/runtime";
import { startEmbeddedSidecars } from "@tandem/sidecar";
import { freePorts } from "@tandem/toolchain";
import { type Figure, percentile } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";

const root = join(import.meta.dirname, "../../..");
const RATE = 200;
const AUDIENCE = "tandem";

/**
 * What the door costs: the same catalog read, 200 a second in an open loop, asked of the catalog itself, through the gateway straight, and
 * through the gateway and two embedded sidecars. Catalog and gateways are processes of their own; sidecars and callers share this one.
 */
export const measureGateway = async (
  surroundings: Surroundings,
  rounds: number,
  seconds: number,
): Promise<Figure[]> => {
  await using stack = new AsyncDisposableStack();
  const ports = await freePorts(14);
  const port = (at: number): number => ports[at] ?? 0;
  const issuerUrl = `http://127.0.0.1:${port(0)}`;
  const issuer = stack.use(await createDevIssuer({ issuer: issuerUrl, audience: AUDIENCE, port: port(0) }));
  const database = stack.use(await surroundings.database("catalog", migrations));
  const sidecarDatabase = stack.use(await surroundings.database("sidecar", []));
  stack.use(
    await startEmbeddedSidecars({
      databaseUrl: sidecarDatabase.url,
      componentsDir: join(root, "components/local"),
      log: createLogger({ service: "bench", level: "error", destination: { write: () => {} } }),
      apps: [
        { appId: "catalog", httpPort: port(1), grpcPort: port(2), appPort: port(3), appProtocol: "http" },
        { appId: "gateway", httpPort: port(4), grpcPort: port(5), appPort: port(6), appProtocol: "http" },
      ],
    }),
  );
  const common = {
    LOG_LEVEL: "warn",
    AUTH_ISSUER: issuerUrl,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_JWKS_URL: `${issuerUrl}/.well-known/jwks.json`,
  };
  const gateway = {
    ...common,
    DAPR_HTTP_PORT: String(port(4)),
    DAPR_GRPC_PORT: String(port(5)),
    RATE_READ_PER_SECOND: "1000",
    RATE_WRITE_PER_SECOND: "1000",
  };
  const start = async (service: string, httpPort: number, env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, [join(root, "services", service, "src/api.ts")], {
      env: { PATH: process.env["PATH"], HTTP_PORT: String(httpPort), ...env },
      stdio: ["ignore", "ignore", "inherit"],
    });
    stack.defer(() => void child.kill("SIGKILL"));
    const url = `http://127.0.0.1:${httpPort}`;
    for (const giveUpAt = performance.now() + 60_000; ; await sleep(50)) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined);
      if (answer?.ok) return url;
      if (performance.now() > giveUpAt) throw new Error(`${service} is not ready after a minute`);
    }
  };
  // `direct` looks for the catalog at 8003 and the offset.
  const catalog = await start("catalog", port(3), {
    ...common,
    DATABASE_URL: database.url,
    GRPC_PORT: String(port(7)),
    DAPR_HTTP_PORT: String(port(1)),
    DAPR_GRPC_PORT: String(port(2)),
    // The gateway limits; a caller without it would be stopped at 20 a second.
    RATE_ANONYMOUS_PER_SECOND: "100000",
  });
  const ways = {
    "the catalog itself": catalog,
    "through the gateway": await start("gateway", port(8), {
      ...gateway,
      GRPC_PORT: String(port(9)),
      OPS_PORT: String(port(10)),
      UPSTREAM_MODE: "direct",
      UPSTREAM_PORT_OFFSET: String(port(3) - 8003),
    }),
    "through the gateway and its sidecar": await start("gateway", port(6), {
      ...gateway,
      GRPC_PORT: String(port(11)),
      OPS_PORT: String(port(12)),
    }),
  };
  const authorization = `Bearer ${await issuer.mint({ subject: "bench", roles: ["staff"] })}`;
  for (let at = 0; at < 20; at += 1) {
    const answer = await fetch(`${catalog}/categories`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ name: `Category ${at}`, slug: `category-${at}` }),
    });
    if (!answer.ok) throw new Error(`no category: ${await answer.text()}`);
  }
  const samples = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (const url of Object.values(ways)) await openLoop(`${url}/categories`, 2);
  for (let round = 0; round < rounds; round += 1)
    for (const [name, url] of Object.entries(ways))
      samples.get(name)?.push(...(await openLoop(`${url}/categories`, seconds)));
  return [...samples].flatMap(([name, latencies]): Figure[] => [
    {
      name: `a catalog read at 200/s, ${name}, p50`,
      unit: "ms",
      samples: [percentile(latencies, 0.5)],
      note: `${latencies.length} reads`,
    },
    {
      name: `a catalog read at 200/s, ${name}, p99`,
      unit: "ms",
      samples: [percentile(latencies, 0.99)],
      ...(name === "the catalog itself" ? {} : { target: { atMost: 25 } }),
    },
  ]);
};

/** Due every 5 ms, whatever the answers do; timed from when each was due. */
const openLoop = async (url: string, seconds: number): Promise<readonly number[]> => {
  const agent = new Agent({ keepAlive: true });
  const latencies: number[] = [];
  const refusals: string[] = [];
  const one = (dueAt: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, { agent }, (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          body += chunk;
        });
        answer.once("end", () => {
          latencies.push(performance.now() - dueAt);
          if (answer.statusCode !== 200) refusals.push(`${answer.statusCode}: ${body.slice(0, 200)}`);
          resolve();
        });
      });
      outgoing.once("error", reject);
      outgoing.end();
    });
  const under: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < seconds * RATE; at += 1) {
    const dueAt = startedAt + (at * 1000) / RATE;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0.5) await sleep(waitMs);
    const call = one(dueAt);
    call.catch(() => {}); // told below
    under.push(call);
  }
  await Promise.all(under);
  agent.destroy();
  // A figure of refusals would be a fast one.
  if (refusals.length > latencies.length / 100)
    throw new Error(
      `${refusals.length} of ${latencies.length} reads were refused by ${url}, the first with ${refusals[0]}`,
    );
  return latencies;
};
