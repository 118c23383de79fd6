// What the chain costs: `node packages/rpc/test/measure-overhead.ts [seconds per run]`. Not a test: figures depend on the machine and its load, so
// runs of bare Connect handlers and of the whole server are interleaved and their medians compared. The load comes from this process, the
// servers run in a child each and say how much CPU time they took, which other people's load distorts least.
import { fork } from "node:child_process";
import { Agent, request } from "node:http";
import { createServer as createH2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createLogger } from "@tandem/runtime";
import { fastify } from "fastify";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { bearer, echoHandlers, rawClient, startHarness } from "./harness.ts";

interface Ready {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly token: string;
}
const CONCURRENCY = 32;

const serveBare = async (): Promise<Ready> => {
  const routes: NonNullable<Parameters<typeof connectNodeAdapter>[0]["routes"]> = (router) =>
    router.service(EchoService, echoHandlers);
  const app = fastify();
  await app.register(fastifyConnectPlugin, { routes });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const h2 = createH2(connectNodeAdapter({ routes }));
  await new Promise<void>((resolve) => h2.listen(0, "127.0.0.1", resolve));
  return addresses((app.server.address() as AddressInfo).port, (h2.address() as AddressInfo).port, "");
};

const serveWhole = async (): Promise<Ready> => {
  const log = createLogger({ service: "bench", level: "info", destination: { write: () => undefined } });
  // As in production: no rate refusals at this speed, spans not sampled.
  const { createTelemetry } = await import("@tandem/runtime");
  const harness = await startHarness(
    {},
    { log, telemetry: createTelemetry({ service: "bench" }), limits: { rates: unlimited } },
  );
  return addresses(harness.httpPort, harness.grpcPort, await harness.token({ ttlSeconds: 3_600 }));
};
const rate = { perSecond: 1e9, burst: 1e9 };
const unlimited = { read: rate, write: rate, anonymous: rate, service: rate };
const addresses = (httpPort: number, grpcPort: number, token: string): Ready => ({
  httpPort,
  grpcPort,
  token,
  httpUrl: `http://127.0.0.1:${httpPort}`,
  grpcUrl: `http://127.0.0.1:${grpcPort}`,
});

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const call = (url: string, method: string, token: string, body?: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    };
    const req = request(url, { method, agent, headers }, (res) => {
      res.resume();
      res.on("end", () => (res.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${res.statusCode}`))));
    });
    req.on("error", reject);
    req.end(body);
  });

const path = "/tandem.rpctest.v1.EchoService/GetThing";
const loads: Record<string, (at: Ready) => () => Promise<unknown>> = {
  "Connect JSON": (at) => () => call(`${at.httpUrl}${path}`, "POST", at.token, '{"id":"a"}'),
  REST: (at) => () => call(`${at.httpUrl}/things/a`, "GET", at.token),
  gRPC: (at) => {
    const client = rawClient(at, "grpc");
    const options = at.token === "" ? {} : bearer(at.token);
    return () => client.getThing({ id: "a" }, options);
  },
};

interface Figures {
  readonly perSecond: number;
  readonly cpuUs: number;
}
const measure = async ({ cpuUs }: Server, once: () => Promise<unknown>, seconds: number): Promise<Figures> => {
  const endAt = performance.now() + seconds * 1000;
  const cpuBefore = await cpuUs();
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < endAt) {
      await once();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { perSecond: done / seconds, cpuUs: ((await cpuUs()) - cpuBefore) / done };
};

interface Server {
  readonly at: Ready;
  readonly cpuUs: () => Promise<number>;
  readonly stop: () => void;
}
const spawn = (mode: string): Promise<Server> =>
  new Promise((resolve) => {
    const child = fork(import.meta.filename, ["--serve", mode]);
    const cpuUs = () =>
      new Promise<number>((answer) => {
        child.once("message", (value) => answer(Number(value)));
        child.send("cpu");
      });
    child.once("message", (at) => resolve({ at: at as Ready, cpuUs, stop: () => child.kill() }));
  });

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const main = async (): Promise<void> => {
  const seconds = Number(process.argv[2] ?? 2);
  const [bare, whole] = [await spawn("bare"), await spawn("whole")];
  for (const [name, load] of Object.entries(loads)) {
    // Bare Connect has no REST: its JSON is what REST is compared with.
    const bareLoad = (name === "REST" ? loads["Connect JSON"] : load) as typeof load;
    const [onBare, onWhole] = [bareLoad(bare.at), load(whole.at)];
    await measure(bare, onBare, 1);
    await measure(whole, onWhole, 1);
    const figures = { bare: [] as Figures[], whole: [] as Figures[] };
    for (let round = 0; round < 5; round += 1) {
      figures.bare.push(await measure(bare, onBare, seconds));
      figures.whole.push(await measure(whole, onWhole, seconds));
    }
    const of = (side: keyof typeof figures, figure: keyof Figures) => median(figures[side].map((one) => one[figure]));
    const told = (side: keyof typeof figures) =>
      `${side} ${of(side, "perSecond").toFixed(0).padStart(6)}/s ${of(side, "cpuUs").toFixed(0).padStart(5)} us CPU`;
    process.stdout.write(
      `${name.padEnd(14)} ${told("bare")}   ${told("whole")}   +${(of("whole", "cpuUs") - of("bare", "cpuUs")).toFixed(0)} us\n`,
    );
  }
  bare.stop();
  whole.stop();
  process.exit(0);
};

if (process.argv[2] === "--serve") {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.send?.(await (process.argv[3] === "bare" ? serveBare() : serveWhole()));
  process.once("SIGINT", () => process.exit(0));
} else await main();
