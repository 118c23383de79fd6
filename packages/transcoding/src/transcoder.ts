import {
  type DescService,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type Transport,
} from "@connectrpc/connect";
import { passByReference } from "./by-reference.ts";
import { readTimeoutMs } from "./deadline.ts";
import { type DecodeOptions, decodeRequest } from "./decode-request.ts";
import { messageToJson, rawResponse } from "./encode-response.ts";
import { createGoogleErrorEncoder, type EncodeError, type EncodeResponse, type Reply } from "./envelope.ts";
import { RequestFault } from "./fault.ts";
import { httpStatusOf } from "./http-status.ts";
import { createHandlerInvoker, type UniversalHandler } from "./invoke-handler.ts";
import { createTransportInvoker } from "./invoke-transport.ts";
import { type Invocation, type Invoker, withoutProtocolHeaders } from "./invoker.ts";
import type { RestRequest, RestResponse } from "./rest.ts";
import type { Route } from "./route.ts";
import { createRestRouter, type RestRouter, type RouteOptions } from "./router.ts";
import {
  chooseStreamFormat,
  type StreamFormat,
  type StreamItem,
  streamContentType,
  writeStream,
} from "./server-stream.ts";

/**
 * What answers.
 * - `routes` and the options that your server gives its ConnectRouter: the fast way, as messages are passed by reference.
 * - `handlers`: those of a ConnectRouter you have (`createConnectRouter(...).handlers`), at one binary encoding each way.
 * - `services` and a `transport`: another server.
 */
export type TranscoderTarget =
  | { readonly routes: (router: ConnectRouter) => void; readonly routerOptions?: ConnectRouterOptions }
  | { readonly handlers: readonly UniversalHandler[] }
  | { readonly services: readonly DescService[]; readonly transport: Transport };

export interface TranscoderSettings extends RouteOptions {
  /** Fields and query parameters that no message has: an error 400 that names them, or nothing. Default "reject". */
  readonly unknownFields?: "reject" | "ignore";
  /** Query parameters that are none of the message's and nevertheless welcome. Default none. */
  readonly ignoredQueryParameters?: readonly string[];
  /** Largest request body, bytes. Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Types that google.protobuf.Any, extensions and error details may hold. Default none. */
  readonly registry?: Registry;
  /** How responses look. Default: proto JSON with zero values written (`alwaysEmitImplicit`). */
  readonly json?: Partial<Omit<JsonWriteOptions, "registry">>;
  /** Format of server streams when `Accept` does not say. Default "ndjson". */
  readonly streamFormat?: StreamFormat;
  /** Wraps a response. Default: the message's JSON as it is, 200. */
  readonly encodeResponse?: EncodeResponse;
  /** Wraps one message of a stream. Default: as `encodeResponse` when that is given, else `{"result": ...}`. */
  readonly encodeStreamItem?: EncodeResponse;
  /** Renders an error. Default: Google's form, AIP-193. */
  readonly encodeError?: EncodeError;
}

export type TranscoderOptions = TranscoderTarget & TranscoderSettings;

export interface Transcoder extends RestRouter {
  /** Answers any request; never rejects. A path that no route knows gets a 404: ask `match` first to leave it to others. */
  handle(request: RestRequest): Promise<RestResponse>;
}

const defaultMaxBodyBytes = 4 * 1024 * 1024;
const neverAborted = new AbortController().signal;
const encoder = new TextEncoder();

const asIs: EncodeResponse = (data) => ({ status: 200, body: data });
const asResult: EncodeResponse = (data) => ({ status: 200, body: { result: data } });

/** A router of our own, so that `passByReference` is sure to be its outermost interceptor. */
const handlersOf = (target: TranscoderTarget): readonly UniversalHandler[] | undefined => {
  if ("handlers" in target) return target.handlers;
  if (!("routes" in target)) return undefined;
  const { routerOptions } = target;
  const interceptors = [passByReference, ...(routerOptions?.interceptors ?? [])];
  const router = createConnectRouter({ ...routerOptions, interceptors, connect: true, grpc: false, grpcWeb: false });
  target.routes(router);
  return router.handlers;
};

const bind = (target: TranscoderTarget): { readonly services: readonly DescService[]; readonly invoker: Invoker } => {
  if ("transport" in target) return { services: target.services, invoker: createTransportInvoker(target.transport) };
  const handlers = handlersOf(target) ?? [];
  const services = [...new Set(handlers.map((handler) => handler.service))];
  return { services, invoker: createHandlerInvoker(handlers) };
};

const splitUrl = (url: string): { path: string; query: string } => {
  const from = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const plain = from < 0 ? "/" : (url.slice(from).split("#", 1)[0] ?? "/");
  const mark = plain.indexOf("?");
  return mark < 0 ? { path: plain, query: "" } : { path: plain.slice(0, mark), query: plain.slice(mark + 1) };
};

const absolute = (url: string, headers: Headers): string => {
  if (!url.startsWith("/")) return url;
  const base = `http://${headers.get("host") ?? "localhost"}`;
  return URL.canParse(url, base) ? `${base}${url}` : `http://localhost${url}`;
};

/**
 * REST by `google.api.http` on Connect handlers.
 * @throws TranscodingConfigurationError when an annotation is broken or two methods want the same route
 */
export const createTranscoder = (options: TranscoderOptions): Transcoder => {
  const { services, invoker } = bind(options);
  const router = createRestRouter(services, options);
  const { registry, streamFormat = "ndjson", encodeResponse = asIs } = options;
  const encodeStreamItem = options.encodeStreamItem ?? options.encodeResponse ?? asResult;
  const encodeError = options.encodeError ?? createGoogleErrorEncoder(registry);
  const writing: Partial<JsonWriteOptions> = {
    alwaysEmitImplicit: true,
    ...options.json,
    ...(registry && { registry }),
  };
  const decoding: DecodeOptions = {
    ignoreUnknownFields: options.unknownFields === "ignore",
    ignoredQueryParameters: new Set(options.ignoredQueryParameters),
    maxBodyBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
    registry,
  };

  const respond = (reply: Reply, headers: Headers): RestResponse => {
    if (reply.body === undefined) return { status: reply.status, headers, body: undefined };
    const body = encoder.encode(JSON.stringify(reply.body));
    headers.set("content-type", "application/json");
    headers.set("content-length", String(body.byteLength));
    return { status: reply.status, headers, body };
  };

  const refuse = (
    thrown: unknown,
    request: RestRequest,
    route: Route | undefined,
    headers = new Headers(),
  ): Reply & { headers: Headers } => {
    const fault = thrown instanceof RequestFault ? thrown : undefined;
    const error =
      fault?.toConnectError() ??
      (thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal, undefined, undefined, thrown));
    error.metadata.forEach((value, name) => {
      headers.append(name, value);
    });
    const status = fault?.status ?? httpStatusOf(error.code);
    const context = { route, request, headers, status, reason: fault?.reason, violations: fault?.violations ?? [] };
    return { ...encodeError(error, context), headers };
  };

  const answerUnary = async (call: Invocation, request: RestRequest): Promise<RestResponse> => {
    const { message, headers } = await invoker.unary(call);
    const raw = rawResponse(call.route, message);
    if (raw !== undefined) {
      if (!headers.has("content-type")) headers.set("content-type", raw.contentType);
      headers.set("content-length", String(raw.data.byteLength));
      return { status: 200, headers, body: raw.data };
    }
    return respond(
      encodeResponse(messageToJson(call.route, message, writing), { route: call.route, request, headers, message }),
      headers,
    );
  };

  const answerStream = async (call: Invocation, request: RestRequest): Promise<RestResponse> => {
    const { route } = call;
    const { messages, headers } = await invoker.serverStream(call);
    const format = chooseStreamFormat(request.headers.get("accept"), streamFormat);
    const items = async function* (): AsyncGenerator<StreamItem> {
      try {
        for await (const message of messages) {
          const body =
            encodeStreamItem(messageToJson(route, message, writing), { route, request, headers, message }).body ?? null;
          yield { kind: "item", body };
        }
      } catch (error) {
        yield { kind: "error", body: refuse(error, request, route).body ?? null };
      }
    };
    headers.set("content-type", streamContentType[format]);
    headers.set("cache-control", headers.get("cache-control") ?? "no-cache");
    return { status: 200, headers, body: writeStream(items(), format) };
  };

  const answer = async (
    request: RestRequest,
    route: Route,
    captures: readonly string[],
    query: string,
  ): Promise<RestResponse> => {
    const timeoutMs = readTimeoutMs(request.headers);
    const headers = withoutProtocolHeaders(request.headers);
    let decoded: Promise<Message> | undefined;
    const call: Invocation = {
      route,
      decode: () => {
        decoded ??= decodeRequest(route, { captures, query, headers: request.headers, body: request.body }, decoding);
        return decoded;
      },
      headers,
      timeoutMs,
      url: absolute(request.url, headers),
      signal: request.signal ?? neverAborted,
      contextValues: request.contextValues,
    };
    return route.method.methodKind === "unary" ? answerUnary(call, request) : answerStream(call, request);
  };

  const handle = async (request: RestRequest): Promise<RestResponse> => {
    const { path, query } = splitUrl(request.url);
    const matched = router.match(request.method, path);
    const withoutBody = request.method === "HEAD";
    const finish = (response: RestResponse): RestResponse =>
      withoutBody ? { ...response, body: undefined } : response;
    if (matched.kind === "route") {
      try {
        return finish(await answer(request, matched.route, matched.captures, query));
      } catch (error) {
        const { headers, ...reply } = refuse(error, request, matched.route);
        return finish(respond(reply, headers));
      }
    }
    if (matched.kind === "not_found") {
      const { headers, ...reply } = refuse(
        new RequestFault("route_not_found", `no route for ${path.slice(0, 200)}`),
        request,
        undefined,
      );
      return finish(respond(reply, headers));
    }
    const allow = new Headers({ allow: matched.allow.join(", ") });
    if (request.method === "OPTIONS") return { status: 204, headers: allow, body: undefined };
    const fault = new RequestFault(
      "method_not_allowed",
      `${request.method} is not allowed at ${path.slice(0, 200)}; allowed: ${matched.allow.join(", ")}`,
    );
    const { headers, ...reply } = refuse(fault, request, undefined, allow);
    return finish(respond(reply, headers));
  };

  return { ...router, handle };
};
