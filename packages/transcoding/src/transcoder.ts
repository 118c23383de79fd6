import type { JsonWriteOptions, Message, Registry } from "@bufbuild/protobuf";
import { readTimeoutMs } from "./deadline.ts";
import { type DecodeOptions, decodeRequest } from "./decode-request.ts";
import { messageToJson, rawResponse, sendsRaw } from "./encode-response.ts";
import { createGoogleErrorEncoder, type EncodeError, type EncodeResponse } from "./envelope.ts";
import { RequestFault } from "./fault.ts";
import { type Invocation, withoutProtocolHeaders } from "./invoker.ts";
import { createRefuser, jsonResponse } from "./refuse.ts";
import type { RestRequest, RestResponse } from "./rest.ts";
import { createRestRouter, type Match, type RestRouter, type RouteOptions } from "./router.ts";
import {
  chooseStreamFormat,
  type StreamFormat,
  type StreamItem,
  streamContentType,
  writeStream,
} from "./server-stream.ts";
import { bindTarget, type TranscoderTarget } from "./target.ts";
import { absoluteUrl, splitUrl } from "./url.ts";

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
  /** Renders an error, also one in the middle of a stream. Default: Google's form, AIP-193. */
  readonly encodeError?: EncodeError;
}

export type TranscoderOptions = TranscoderTarget & TranscoderSettings;

export interface Transcoder extends RestRouter {
  /** Answers any request; never rejects. A path that no route knows gets a 404: ask `match` first to leave it to others. */
  handle(request: RestRequest): Promise<RestResponse>;
}

const defaultMaxBodyBytes = 4 * 1024 * 1024;

const asIs: EncodeResponse = (data) => ({ status: 200, body: data });
const asResult: EncodeResponse = (data) => ({ status: 200, body: { result: data } });

/** HEAD: all but the body. A stream is started and left at once, so that its handler cleans up. */
const bodiless = async (response: RestResponse): Promise<RestResponse> => {
  if (response.body !== undefined && !(response.body instanceof Uint8Array)) for await (const _ of response.body) break;
  return { ...response, body: undefined };
};

/**
 * REST by `google.api.http` on Connect handlers.
 * @throws TranscodingConfigurationError when an annotation is broken or two methods want the same route
 */
export const createTranscoder = (options: TranscoderOptions): Transcoder => {
  const { services, invoker } = bindTarget(options);
  const router = createRestRouter(services, options);
  const { registry, streamFormat = "ndjson", encodeResponse = asIs } = options;
  const encodeStreamItem = options.encodeStreamItem ?? options.encodeResponse ?? asResult;
  const refuse = createRefuser(options.encodeError, createGoogleErrorEncoder(registry));
  const writing = { alwaysEmitImplicit: true, ...options.json, ...(registry && { registry }) };
  const decoding: DecodeOptions = {
    ignoreUnknownFields: options.unknownFields === "ignore",
    ignoredQueryParameters: new Set(options.ignoredQueryParameters),
    maxBodyBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
    registry,
  };

  const answerUnary = async (call: Invocation, request: RestRequest): Promise<RestResponse> => {
    const { route } = call;
    const { message, headers } = await invoker.unary(call);
    if (!sendsRaw(route)) {
      const data = messageToJson(route, message, writing);
      return jsonResponse(encodeResponse(data, { route, request, headers, message }), headers);
    }
    const { contentType, data } = rawResponse(route, message);
    headers.set("content-type", contentType);
    headers.set("content-length", String(data.byteLength));
    return { status: 200, headers, body: data };
  };

  const answerStream = async (call: Invocation, request: RestRequest): Promise<RestResponse> => {
    const { route } = call;
    const { first, messages, headers } = await invoker.serverStream(call);
    if (sendsRaw(route)) {
      if (first !== undefined) headers.set("content-type", rawResponse(route, first).contentType);
      const body = async function* () {
        for await (const message of messages) yield rawResponse(route, message).data;
      };
      return { status: 200, headers, body: body() };
    }
    const items = async function* (): AsyncGenerator<StreamItem> {
      try {
        for await (const message of messages) {
          const data = messageToJson(route, message, writing);
          yield { kind: "item", body: encodeStreamItem(data, { route, request, headers, message }).body ?? null };
        }
      } catch (error) {
        yield { kind: "error", body: refuse(error, request, route).reply.body ?? null };
      }
    };
    const format = chooseStreamFormat(request.headers.get("accept"), streamFormat);
    headers.set("content-type", streamContentType[format]);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-cache");
    return { status: 200, headers, body: writeStream(items(), format) };
  };

  const answer = (request: RestRequest, found: Match & { kind: "route" }, query: string): Promise<RestResponse> => {
    const { route, captures } = found;
    const encoded = { captures, query, headers: request.headers, body: request.body };
    let decoded: Promise<Message> | undefined;
    const call: Invocation = {
      route,
      decode: () => {
        decoded ??= decodeRequest(route, encoded, decoding);
        return decoded;
      },
      headers: withoutProtocolHeaders(request.headers),
      timeoutMs: readTimeoutMs(request.headers),
      url: absoluteUrl(request.url, request.headers),
      signal: request.signal ?? new AbortController().signal,
      contextValues: request.contextValues,
    };
    return route.method.methodKind === "unary" ? answerUnary(call, request) : answerStream(call, request);
  };

  const dispatch = async (request: RestRequest): Promise<RestResponse> => {
    const { path, query } = splitUrl(request.url);
    const found = router.match(request.method, path);
    const headers = new Headers();
    try {
      if (found.kind === "route") return await answer(request, found, query);
      if (found.kind === "not_found") throw new RequestFault("route_not_found", `no route for ${path.slice(0, 200)}`);
      const allow = found.allow.join(", ");
      headers.set("allow", allow);
      if (request.method === "OPTIONS") return { status: 204, headers, body: undefined };
      const message = `${request.method} is not allowed at ${path.slice(0, 200)}; allowed: ${allow}`;
      throw new RequestFault("method_not_allowed", message);
    } catch (error) {
      const refused = refuse(error, request, found.kind === "route" ? found.route : undefined, headers);
      return jsonResponse(refused.reply, refused.headers);
    }
  };

  const handle = async (request: RestRequest): Promise<RestResponse> => {
    const response = await dispatch(request);
    return request.method === "HEAD" ? bodiless(response) : response;
  };
  return { ...router, handle };
};
