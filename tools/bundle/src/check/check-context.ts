import { randomUUID } from "node:crypto";
import pg from "pg";
import type { ContextBinary, Surroundings } from "./start-surroundings.ts";

/** A started binary: a process, or a container. */
export interface StartedBinary {
  /** What it wrote so far. */
  output(): string;
  readonly exited: Promise<number>;
  /** SIGTERM. */
  terminate(): void;
}

export type StartBinary = (
  binary: ContextBinary | "server",
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => StartedBinary;

export interface CheckOptions {
  readonly context: string;
  readonly surroundings: Surroundings;
  readonly start: StartBinary;
  /** Called for everything that held. */
  readonly passed: (what: string) => void;
  /** Default 60 000. */
  readonly patienceMs?: number;
}

/**
 * Runs a context's three binaries as a cluster would, and throws at the first thing that does not hold: migrate makes the database and
 * repeats without effect, API and worker become ready, an RPC is answered by who may ask, an event arrives, SIGTERM ends both with 0.
 */
export const checkContext = async (options: CheckOptions): Promise<void> => {
  const { context, surroundings, start, passed, patienceMs = 60_000 } = options;
  const started: StartedBinary[] = [];
  const run = (binary: ContextBinary, args: readonly string[] = []): StartedBinary => {
    const one = start(binary, args, surroundings.envOf(binary));
    started.push(one);
    return one;
  };
  try {
    await expectMigrated(run, passed);
    const api = run("api");
    const worker = run("worker");
    await Promise.all([
      until(`${surroundings.apiUrl}/readyz`, api, patienceMs),
      until(`${surroundings.opsUrl}/readyz`, worker, patienceMs),
    ]);
    passed("api and worker are ready");
    for (const url of [surroundings.apiUrl, surroundings.opsUrl]) {
      const { status } = await fetch(`${url}/livez`);
      if (status !== 200) throw new Error(`${url}/livez answers ${status}`);
    }
    const metrics = await (await fetch(`${surroundings.opsUrl}/metrics`)).text();
    if (!metrics.includes("tandem_")) throw new Error("the worker shows no metrics of ours");
    passed("both are alive and show metrics");
    if (context === "order") await checkOrder(surroundings, patienceMs, passed);
    await Promise.all([api, worker].map(expectCleanEnd));
    passed("SIGTERM ends both with exit code 0");
  } finally {
    for (const one of started) one.terminate();
  }
};

const expectMigrated = async (
  run: (binary: ContextBinary, args: readonly string[]) => StartedBinary,
  passed: CheckOptions["passed"],
): Promise<void> => {
  const outcome = async (...args: string[]) => {
    const one = run("migrate", args);
    const code = await one.exited;
    if (code !== 0) throw new Error(`migrate ${args.join(" ")} ended with ${code}:\n${tail(one)}`);
    return one.output();
  };
  const first = await outcome("up");
  if (!first.includes("are there\nup postgres/0001")) throw new Error(`migrate up said: ${first}`);
  const second = await outcome("up");
  if (!second.includes("nothing to do")) throw new Error(`migrate up, again, said: ${second}`);
  await outcome("status");
  passed("migrate up makes role, database and tables, and again nothing");
};

/** What only somebody who knows the context can ask. */
const checkOrder = async (
  { apiUrl, issuer, publish, databaseUrl }: Surroundings,
  patienceMs: number,
  passed: CheckOptions["passed"],
): Promise<void> => {
  const list = async (headers: Readonly<Record<string, string>>) => {
    const url = `${apiUrl}/tandem.order.v1.OrderService/ListMyOrders`;
    const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" };
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  };
  const customerId = randomUUID();
  const token = await issuer.mint({ subject: customerId, roles: ["customer"], customerId });
  const asked = await list({ authorization: `Bearer ${token}` });
  if (asked.status !== 200) throw new Error(`ListMyOrders: ${asked.status} ${asked.text}`);
  const stranger = await list({});
  if (stranger.status !== 401) throw new Error(`ListMyOrders without a token: ${stranger.status} ${stranger.text}`);
  passed("an RPC is answered, and refused without a token");

  const productId = randomUUID();
  await publish("catalog-worker", "product.deleted", "tandem.catalog.v1.ProductDeleted", {
    productId,
    aggregateVersion: "1",
    occurredAt: new Date().toISOString(),
  });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const { rowCount } = await client.query("SELECT 1 FROM cart_product WHERE product_id = $1", [productId]);
      if (rowCount === 1) break;
      if (performance.now() > deadline) throw new Error("the worker did not take the event");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await client.end();
  }
  passed("an event reaches the worker and its table");
};

export const until = async (url: string, one: StartedBinary, patienceMs: number): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  let ended: number | undefined;
  void one.exited.then((code) => {
    ended = code;
  });
  for (;;) {
    const ready = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (ended !== undefined) throw new Error(`it ended with ${ended}:\n${tail(one)}`);
    if (performance.now() > deadline) throw new Error(`${url} is not ready:\n${tail(one)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

export const expectCleanEnd = async (one: StartedBinary): Promise<void> => {
  one.terminate();
  const code = await one.exited;
  if (code !== 0) throw new Error(`after SIGTERM it ended with ${code}:\n${tail(one)}`);
};

const tail = (one: StartedBinary): string => one.output().split("\n").slice(-20).join("\n");
