import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SidecarMetadata } from "./describe-sidecar.ts";
import type { FaultInjector, Faults } from "./faults.ts";
import type { InvokeProxy } from "./invoke-app.ts";
import type { ApiStateWrite, SidecarApi } from "./sidecar-api.ts";

export interface HttpOptions {
  readonly api: SidecarApi;
  readonly metadata: SidecarMetadata;
  readonly invoke: InvokeProxy;
  readonly faults: FaultInjector;
  /** Whether the app has come up: what /v1.0/healthz tells. As daprd, it does not follow the app's health after that. */
  readonly healthy: () => boolean;
  /** Throws when the caller may not. */
  readonly verify: (headers: Headers) => void;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** What the route's groups matched, decoded. */
  readonly params: readonly string[];
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly open?: boolean;
  readonly answer: (call: Call) => Promise<void> | void;
}

const STATUS: Partial<Record<Code, number>> = {
  [Code.InvalidArgument]: 400,
  [Code.Unauthenticated]: 401,
  [Code.PermissionDenied]: 403,
  [Code.NotFound]: 404,
  [Code.Aborted]: 409,
  [Code.Unimplemented]: 501,
};

/** The HTTP bits of Dapr's API that people reach for with curl, and service invocation. */
export const serveHttp = (options: HttpOptions): RequestListener => {
  const { invoke, verify } = options;
  const routes = [
    ...healthRoutes(options),
    ...publishRoutes(options),
    ...stateRoutes(options),
    ...faultRoutes(options),
  ];
  return async (request, response) => {
    try {
      const headers = tokenOf(request);
      const target = invoke.targetOf(request.headers, request.url ?? "/");
      if (target !== undefined) {
        verify(headers);
        return await invoke.forward(target, request, response);
      }
      const url = new URL(request.url ?? "/", "http://sidecar");
      const route = routes.find(({ method, path }) => method === request.method && path.test(url.pathname));
      if (route === undefined) throw new ConnectError(`${request.method} ${url.pathname} is not served`, Code.NotFound);
      if (!route.open) verify(headers);
      const params = (route.path.exec(url.pathname) ?? []).slice(1).map(decodeURIComponent);
      await route.answer({ request, response, query: url.searchParams, params });
    } catch (error) {
      fail(response, error);
    }
  };
};

/** All that is looked at: the rest goes by as it came. */
const tokenOf = ({ headers: { "dapr-api-token": token } }: IncomingMessage): Headers =>
  new Headers(token === undefined ? {} : { "dapr-api-token": String(token) });

const fail = (response: ServerResponse, error: unknown) => {
  const { code, rawMessage } = ConnectError.from(error);
  if (response.headersSent) response.destroy();
  else send(response, STATUS[code] ?? 500, { errorCode: `ERR_${Code[code].toUpperCase()}`, message: rawMessage });
};

const send = (response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) => {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, { ...(text === "" ? {} : { "content-type": "application/json" }), ...headers });
  response.end(text);
};

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ConnectError("body is larger than 4 MiB", Code.InvalidArgument);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const metadataOf = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    [...query].filter(([name]) => name.startsWith("metadata.")).map(([name, value]) => [name.slice(9), value]),
  );

const healthRoutes = ({ healthy, metadata }: HttpOptions): Route[] => [
  { method: "GET", path: /^\/v1\.0\/healthz\/outbound$/, open: true, answer: ({ response }) => send(response, 204) },
  {
    method: "GET",
    path: /^\/v1\.0\/healthz$/,
    open: true,
    answer: ({ response }) =>
      healthy() ? send(response, 204) : send(response, 500, { errorCode: "ERR_HEALTH_NOT_READY" }),
  },
  {
    method: "GET",
    path: /^\/v1\.0\/metadata$/,
    answer: ({ response }) => send(response, 200, toHttpMetadata(metadata)),
  },
  {
    method: "PUT",
    path: /^\/v1\.0\/metadata\/([^/]+)$/,
    answer: async ({ request, response, params: [key = ""] }) => {
      metadata.set(key, (await readBody(request)).toString());
      send(response, 204);
    },
  },
];

const toHttpMetadata = (metadata: SidecarMetadata) => {
  const { registeredComponents, extendedMetadata, subscriptions, ...rest } = metadata.describe();
  return {
    ...rest,
    components: registeredComponents,
    extended: extendedMetadata,
    subscriptions: subscriptions.map(({ pubsubName, topic, deadLetterTopic }) => ({
      pubsubname: pubsubName,
      topic,
      deadLetterTopic,
      type: "PROGRAMMATIC",
    })),
  };
};

const publishRoutes = ({ api }: HttpOptions): Route[] => [
  {
    method: "POST",
    path: /^\/v1\.0\/publish\/([^/]+)\/(.+)$/,
    answer: async ({ request, response, query, params: [pubsub = "", topic = ""] }) => {
      const contentType = request.headers["content-type"] ?? "application/json";
      const entry = { data: await readBody(request), contentType, metadata: metadataOf(query) };
      await api.publish(pubsub, topic, [entry], request.headers["traceparent"]?.toString());
      send(response, 204);
    },
  },
];

/** Not part of Dapr's API: how a test in another process makes the sidecar misbehave, and behave again (`{}`). */
const faultRoutes = ({ faults }: HttpOptions): Route[] => [
  { method: "GET", path: /^\/embedded\/faults$/, answer: ({ response }) => send(response, 200, faults.current) },
  {
    method: "PUT",
    path: /^\/embedded\/faults$/,
    answer: async ({ request, response }) => {
      faults.clear();
      faults.set(JSON.parse((await readBody(request)).toString()) as Partial<Faults>);
      send(response, 204);
    },
  },
];

interface HttpStateItem {
  readonly key: string;
  readonly value: unknown;
  readonly etag?: string;
  readonly metadata?: Record<string, string>;
  readonly options?: { readonly concurrency?: string };
}

const stateRoutes = ({ api }: HttpOptions): Route[] => [
  {
    method: "POST",
    path: /^\/v1\.0\/state\/([^/]+)$/,
    answer: async ({ request, response, params: [store = ""] }) => {
      const items = JSON.parse((await readBody(request)).toString()) as HttpStateItem[];
      await api.writeState(store, items.map(toWrite));
      send(response, 204);
    },
  },
  {
    method: "GET",
    path: /^\/v1\.0\/state\/([^/]+)\/(.+)$/,
    answer: async ({ response, params: [store = "", key = ""] }) => {
      const row = (await api.getState(store, [key])).get(key);
      if (row === undefined) return send(response, 204);
      response.writeHead(200, { "content-type": "application/json", etag: row.etag });
      response.end(Buffer.from(row.value));
    },
  },
  {
    method: "DELETE",
    path: /^\/v1\.0\/state\/([^/]+)\/(.+)$/,
    answer: async ({ request, response, params: [store = "", key = ""] }) => {
      const etag = request.headers["if-match"];
      await api.writeState(store, [{ key, value: undefined, etag, firstWrite: etag !== undefined, metadata: {} }]);
      send(response, 204);
    },
  },
];

const toWrite = ({ key, value, etag, metadata = {}, options }: HttpStateItem): ApiStateWrite => ({
  key,
  value: new TextEncoder().encode(JSON.stringify(value)),
  etag,
  firstWrite: options?.concurrency === "first-write",
  ttlSeconds: Number(metadata["ttlInSeconds"]) > 0 ? Number(metadata["ttlInSeconds"]) : undefined,
  metadata,
});
