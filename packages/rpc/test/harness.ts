import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { createAuthenticator, createDevIssuer, type DevIssuer, type Role } from "@tandem/auth";
import { createHealth, createMetrics, createTelemetry, type Health, type Metrics } from "@tandem/runtime";
import { type CapturedLog, captureLog } from "@tandem/testkit";
import {
  createRpcServer,
  type RpcAddresses,
  type RpcServer,
  type RpcServerOptions,
  registerService,
} from "../src/index.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";

export type EchoHandlers = Parameters<typeof registerService<typeof EchoService>>[1];

export interface Harness extends AsyncDisposable, RpcAddresses {
  readonly server: RpcServer;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: CapturedLog;
  readonly spans: InMemorySpanExporter;
  readonly issuer: DevIssuer;
  token(claims?: {
    roles?: readonly Role[];
    subject?: string;
    kind?: "user" | "service";
    customerId?: string;
    ttlSeconds?: number;
  }): Promise<string>;
  /** HTTP with a valid customer token unless told otherwise. */
  http(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string; token?: string | null },
  ): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, compared by toMatchObject
  readonly json: any;
}

export const echoHandlers: EchoHandlers = {
  getThing: ({ id }) => ({ id, seenBy: "" }),
  createThing: ({ name }) => ({ id: "1", name }),
  replaceThing: ({ id }) => ({ id }),
  manageThing: () => ({}),
  ping: () => ({ text: "pong" }),
  closed: () => ({}),
  watchThing: async function* () {
    for (let number = 1; number <= 3; number += 1) yield { number };
  },
};

/** A whole server on free ports with the test service; `options` lie over the defaults. */
export const startHarness = async (
  handlers: EchoHandlers = {},
  options: Partial<RpcServerOptions> = {},
): Promise<Harness> => {
  const issuer = await createDevIssuer({ issuer: "http://dev.test", audience: "tandem", env: {} });
  const authenticator = createAuthenticator({ issuer: issuer.issuer, audience: issuer.audience, jwks: issuer.jwks });
  const health = createHealth();
  const metrics = createMetrics({ service: "test" });
  const spans = new InMemorySpanExporter();
  const telemetry = createTelemetry({ service: "test", exporter: spans });
  const log = captureLog();
  const server = createRpcServer({
    name: "test",
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    services: [registerService(EchoService, { ...echoHandlers, ...handlers })],
    authenticator,
    health,
    metrics,
    telemetry,
    log: log.log,
    ...options,
  });
  const addresses = await server.start();
  health.setServing(true);
  const token: Harness["token"] = ({ roles = ["customer"] as const, subject = "user-1", ...rest } = {}) =>
    issuer.mint({ subject, roles, ...rest });
  const http: Harness["http"] = async (path, { method = "GET", headers = {}, body, token: given } = {}) => {
    const bearer = given === undefined ? await token() : given;
    const answer = await fetch(`${addresses.httpUrl}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
  };
  return {
    ...addresses,
    server,
    health,
    metrics,
    log,
    spans,
    issuer,
    token,
    http,
    [Symbol.asyncDispose]: () => server.stop(0),
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export type WireProtocol = "connect-json" | "connect" | "grpc" | "grpc-web";
export const wireProtocols: readonly WireProtocol[] = ["connect-json", "connect", "grpc", "grpc-web"];

/** A plain Connect client, as a stranger would write it. */
export const rawClient = (
  { httpUrl, grpcUrl }: RpcAddresses,
  protocol: WireProtocol = "connect",
): Client<typeof EchoService> => {
  const http = { baseUrl: httpUrl, httpVersion: "1.1" } as const;
  if (protocol === "grpc") return createClient(EchoService, createGrpcTransport({ baseUrl: grpcUrl }));
  if (protocol === "grpc-web") return createClient(EchoService, createGrpcWebTransport(http));
  return createClient(EchoService, createConnectTransport({ ...http, useBinaryFormat: protocol === "connect" }));
};

export const bearer = (token: string): { readonly headers: { readonly authorization: string } } => ({
  headers: { authorization: `Bearer ${token}` },
});
