import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type ConnectRouter, type ContextValues, createContextValues } from "@connectrpc/connect";
import { createHandover } from "./by-reference.ts";
import { TranscodingConfigurationError } from "./configuration-error.ts";
import { readEnvelopes, writeEnvelope } from "./connect-envelope.ts";
import { codeOfWireName } from "./http-status.ts";
import { type Invocation, type Invoker, withoutProtocolHeaders } from "./invoker.ts";

export type UniversalHandler = ConnectRouter["handlers"][number];

interface WireError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
}

interface EndOfStream {
  readonly error?: WireError;
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
}

const withTrailers = (headers: Headers, trailers: EndOfStream["metadata"] = {}): Headers => {
  const all = new Headers(headers);
  for (const [name, values] of Object.entries(trailers)) for (const value of values) all.append(name, value);
  return all;
};

/** Rebuilds the error that a Connect handler put on the (in-process) wire. */
const errorOf = (json: WireError | undefined, headers: Headers, fallback: Code): ConnectError => {
  const code = typeof json?.code === "string" ? codeOfWireName(json.code) : fallback;
  const error = new ConnectError(typeof json?.message === "string" ? json.message : "", code, headers);
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

/**
 * Calls the very handlers that serve Connect, with a Connect request made up in memory: interceptors, gate, deadline, limits and
 * shutdown signal apply once and as they do to any other call. Where the handlers know `passByReference` the messages go by reference;
 * else the price is one binary encoding and decoding each way.
 * @throws TranscodingConfigurationError when a handler does not speak the Connect protocol
 */
export const createHandlerInvoker = (handlers: readonly UniversalHandler[]): Invoker => {
  const byMethod = new Map<DescMethod, UniversalHandler>(handlers.map((handler) => [handler.method, handler]));
  for (const { method, protocolNames } of handlers) {
    if (!protocolNames.includes("connect")) {
      throw new TranscodingConfigurationError(`${method.toString()}: its handler does not speak the Connect protocol`);
    }
  }
  /** Methods whose handlers took a handover. Interceptors are fixed when a handler is made: once is for ever. */
  const takers = new Set<DescMethod>();

  const send = (
    call: Invocation,
    contentType: string,
    contextValues: ContextValues,
    encode: (message: Message) => Uint8Array,
  ) => {
    const handler = byMethod.get(call.route.method);
    if (handler === undefined) {
      throw new ConnectError(`no handler for ${call.route.method.toString()}`, Code.Unimplemented);
    }
    const { headers: header } = call;
    header.set("content-type", contentType);
    header.set("connect-protocol-version", "1");
    if (call.timeoutMs !== undefined) header.set("connect-timeout-ms", String(call.timeoutMs));
    const failed: { error?: unknown; now: boolean } = { now: false };
    const body = async function* () {
      let message: Message;
      try {
        message = await call.decode();
      } catch (error) {
        failed.error = error;
        failed.now = true;
        throw new ConnectError(
          "the HTTP request could not be decoded",
          Code.InvalidArgument,
          undefined,
          undefined,
          error,
        );
      }
      yield encode(message);
    };
    const response = handler({
      httpVersion: "1.1",
      url: call.url,
      method: "POST",
      header,
      body: body(),
      signal: call.signal,
      contextValues,
    });
    return { response, failed };
  };

  return {
    unary: async (call) => {
      const { method } = call.route;
      const contextValues = call.contextValues ?? createContextValues();
      const handover = createHandover(contextValues);
      const sent = send(call, "application/proto", contextValues, (message) => {
        if (!takers.has(method)) return toBinary(method.input, message);
        handover.request = message;
        return new Uint8Array();
      });
      const response = await sent.response;
      if (sent.failed.now) throw sent.failed.error;
      if (handover.taken) takers.add(method);
      const headers = withoutProtocolHeaders(response.header);
      const bytes = await readAll(response.body);
      if (response.status !== 200) throw errorOf(parseJson(bytes), headers, Code.Unknown);
      return { message: handover.response ?? fromBinary(method.output, bytes), headers };
    },

    serverStream: async (call) => {
      const { method } = call.route;
      const contextValues = call.contextValues ?? createContextValues();
      const sent = send(call, "application/connect+proto", contextValues, (message) =>
        writeEnvelope(toBinary(method.input, message)),
      );
      const response = await sent.response;
      const headers = withoutProtocolHeaders(response.header);
      if (response.status !== 200) throw errorOf(parseJson(await readAll(response.body)), headers, Code.Unknown);
      const envelopes = readEnvelopes(response.body ?? [])[Symbol.asyncIterator]();

      const next = async (): Promise<IteratorResult<Message, undefined>> => {
        const { done, value } = await envelopes.next();
        if (sent.failed.now) throw sent.failed.error;
        if (done) throw new ConnectError("the stream ended without its end", Code.Internal);
        if (!value.endOfStream) return { done: false, value: fromBinary(method.output, value.data) };
        const end = parseJson(value.data) as EndOfStream | undefined;
        if (end?.error !== undefined) throw errorOf(end.error, withTrailers(headers, end.metadata), Code.Unknown);
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
      return { first: first.done ? undefined : first.value, messages: messages(), headers };
    },
  };
};
