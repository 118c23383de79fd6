// What the chain costs without a network: `node packages/rpc/test/measure-chain.ts`. CPU per call of a universal handler, the best of many short rounds, which
// is what it costs on a machine that does nothing else. Interceptors are added one by one.

import { type ConnectRouterOptions, createConnectRouter, createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { createAuthenticator, createDevIssuer } from "@tandem/auth";
import { createLogger, createMetrics, createTelemetry } from "@tandem/runtime";
import { edgeKey } from "../src/call.ts";
import { refuseEarly } from "../src/chain/refuse-early.ts";
import { CHAIN_ORDER, createServerChain } from "../src/chain/server-chain.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { echoHandlers } from "./harness.ts";

const issuer = await createDevIssuer({ issuer: "i", audience: "a", env: {} });
const rate = { perSecond: 1e9, burst: 1e9 };
const chain = createServerChain({
  authenticator: createAuthenticator({ issuer: "i", audience: "a", jwks: issuer.jwks }),
  telemetry: createTelemetry({ service: "measure" }),
  metrics: createMetrics({ service: "measure" }),
  log: createLogger({ service: "measure", destination: { write: () => undefined } }),
  rates: { read: rate, write: rate, anonymous: rate, service: rate },
  defaultDeadlineMs: 10_000,
  maxDeadlineMs: 60_000,
});
const token = await issuer.mint({ subject: "u", roles: ["customer"], ttlSeconds: 3_600 });
const body = new TextEncoder().encode('{"id":"a"}');

const handlerWith = (options: ConnectRouterOptions) => {
  const router = createConnectRouter({ grpc: false, grpcWeb: false, ...options });
  router.service(EchoService, echoHandlers);
  return router.handlers.find(({ method }) => method.name === "GetThing") as (typeof router.handlers)[number];
};

const cpuUs = async (handler: ReturnType<typeof handlerWith>, calls: number): Promise<number> => {
  const before = process.cpuUsage();
  for (let n = 0; n < calls; n += 1) {
    const response = await handler({
      httpVersion: "1.1",
      method: "POST",
      url: "http://a/tandem.rpctest.v1.EchoService/GetThing",
      header: new Headers({ "content-type": "application/json", authorization: `Bearer ${token}` }),
      body: createAsyncIterable([body]),
      signal: new AbortController().signal,
      contextValues: createContextValues().set(edgeKey, {
        protocol: "connect",
        peer: "x",
        viaDoor: false,
        reached: false,
      }),
    });
    for await (const _ of response.body ?? []) {
      // Read to the end.
    }
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
};

const { interceptors } = chain;
const names = [...CHAIN_ORDER, "deadline", "validation"];
const variants = [
  { name: "bare", handler: handlerWith({}) },
  ...names.map((name, at) => ({
    name: `+ ${name}`,
    handler: handlerWith({ interceptors: interceptors.slice(0, at + 1) }),
  })),
  { name: "+ early refusal", handler: handlerWith({ interceptors, requestGate: refuseEarly(chain) }) },
];
const best = new Map<string, number>();
for (let round = 0; round < 12; round += 1) {
  for (const { name, handler } of variants)
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, await cpuUs(handler, 1_000)));
}
for (const [name, us] of best) process.stdout.write(`${name.padEnd(18)} ${us.toFixed(1).padStart(6)} us\n`);
