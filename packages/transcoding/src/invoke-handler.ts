import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { readEnvelopes, writeEnvelope } from "./connect-envelope.ts";
import { codeOfWireName } from "./http-status.ts";
import { type Invocation, type Invoker, withoutProtocolHeaders } from "./invoker.ts";

export type UniversalHandler = ConnectRouter["handlers"][number];

interface WireError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
}

/** Rebuilds the error that a Connect handler put on the (in-process) wire. */
const errorOf = (json: WireError | undefined, headers: Headers, fallback: Code): ConnectError => {
  const code = typeof json?.code === "string" ? codeOfWireName(json.code) : fallback;
  const error = new ConnectError(
    typeof json?.message === "string" ? json.message : "",
    code,
    withoutProtocolHeaders(headers),
  );
  for (const detail of Array.isArray(json?.details) ? json.details : []) {
    if (typeof detail?.type === "string" && typeof detail.value === "string") {
      error.details.push({ type: detail.type, value: base64Decode(detail.value), debug: detail.debug });
    }
  }
  return error;
};

const parseJson = (bytes: Uint8Array): WireError | undefined => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
};

const readAll = async (body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
};

/** Trailers of unary Connect responses come as headers with a prefix; over REST they are plain headers. */
const mergeTrailers = (headers: Headers): Headers => {
  const merged = new Headers();
  headers.forEach((value, name) => {
    merged.append(name.startsWith("trailer-") ? name.slice(8) : name, value);
  });
  return merged;
};

/**
 * Calls the very handlers that serve Connect, with a Connect request made up in memory: interceptors, gate, deadline, limits and
 * shutdown signal apply once and as they do to any other call. The price is one binary encoding and decoding each way.
 */
export const createHandlerInvoker = (handlers: readonly UniversalHandler[]): Invoker => {
  const byMethod = new Map<DescMethod, UniversalHandler>(handlers.map((handler) => [handler.method, handler]));

  const send = (
    call: Invocation,
    contentType: string,
    frame: (message: Uint8Array) => Uint8Array,
    onFailure: (error: unknown) => void,
  ) => {
    const handler = byMethod.get(call.route.method);
    if (handler === undefined)
      throw new ConnectError(`no handler for ${call.route.method.toString()}`, Code.Unimplemented);
    const header = withoutProtocolHeaders(call.headers);
    header.set("content-type", contentType);
    header.set("connect-protocol-version", "1");
    if (call.timeoutMs !== undefined) header.set("connect-timeout-ms", String(call.timeoutMs));
    const body = async function* () {
      let message: Message;
      try {
        message = await call.decode();
      } catch (error) {
        onFailure(error);
        throw new ConnectError(
          "the HTTP request could not be decoded",
          Code.InvalidArgument,
          undefined,
          undefined,
          error,
        );
      }
      yield frame(toBinary(call.route.method.input, message));
    };
    return handler({
      httpVersion: "1.1",
      url: call.url,
      method: "POST",
      header,
      body: body(),
      signal: call.signal,
      ...(call.contextValues && { contextValues: call.contextValues }),
    });
  };

  return {
    unary: async (call) => {
      let failure: { readonly error: unknown } | undefined;
      const response = await send(
        call,
        "application/proto",
        (bytes) => bytes,
        (error) => {
          failure = { error };
        },
      );
      if (failure !== undefined) throw (failure as { error: unknown }).error;
      const headers = mergeTrailers(response.header ?? new Headers());
      const bytes = await readAll(response.body);
      if (response.status !== 200) throw errorOf(parseJson(bytes), headers, Code.Unknown);
      return { message: fromBinary(call.route.method.output, bytes), headers: withoutProtocolHeaders(headers) };
    },

    serverStream: async (call) => {
      let failure: { readonly error: unknown } | undefined;
      const response = await send(call, "application/connect+proto", writeEnvelope, (error) => {
        failure = { error };
      });
      const headers = response.header ?? new Headers();
      if (response.status !== 200) throw errorOf(parseJson(await readAll(response.body)), headers, Code.Unknown);
      const envelopes = readEnvelopes(response.body ?? [])[Symbol.asyncIterator]();

      const next = async (): Promise<IteratorResult<Message, undefined>> => {
        const { done, value } = await envelopes.next();
        if (failure !== undefined) throw failure.error;
        if (done) throw new ConnectError("the stream ended without its end", Code.Internal);
        if (!value.endOfStream) return { done: false, value: fromBinary(call.route.method.output, value.data) };
        const end = parseJson(value.data) as { readonly error?: WireError } | undefined;
        if (end?.error !== undefined) throw errorOf(end.error, headers, Code.Unknown);
        return { done: true, value: undefined };
      };
      const first = await next();
      const messages = async function* () {
        try {
          for (let at = first; !at.done; at = await next()) yield at.value;
        } finally {
          await envelopes.return?.(undefined);
        }
      };
      return { messages: messages(), headers: withoutProtocolHeaders(headers) };
    },
  };
};
