import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { FrameReader, toFrame } from "./frame.ts";
import type { HeldConnection } from "./hold-connection.ts";
import { decode } from "./methods.ts";
import { httpError, resetError, toError } from "./status.ts";
import { formatTimeout } from "./timeout.ts";

export interface UnaryCallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * A service as functions. They reject with ConnectError: what the other side answered has `isWireError`; a connection that cannot be made or is lost is
 * `unavailable`, a call that took too long `deadline_exceeded`, one that its caller gave up `canceled`.
 */
export type UnaryClient<S extends DescService> = {
  readonly [M in keyof S["method"]]: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: UnaryCallOptions) => Promise<MessageShape<O>>
    : never;
};

export const createUnaryClient = <S extends DescService>(
  service: S,
  connection: HeldConnection,
  defaults: UnaryCallOptions = {},
): UnaryClient<S> => {
  const unary = service.methods.filter(({ methodKind }) => methodKind === "unary");
  const functions = unary.map(({ name, localName, input, output }) => {
    const path = `/${service.typeName}/${name}`;
    const call = async (request: MessageInitShape<DescMessage>, options: UnaryCallOptions = {}) => {
      const message = toBinary(input, create(input, request));
      const headers = { ...defaults.headers, ...options.headers };
      const answer = await callUnary(connection, path, message, { ...defaults, ...options, headers });
      return theirFault(() => decode(output, answer));
    };
    return [localName, call] as const;
  });
  return Object.fromEntries(functions) as UnaryClient<S>;
};

/** An answer is read whole: what is bigger than this no sidecar and no app sends. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const callUnary = async (
  connection: HeldConnection,
  path: string,
  message: Uint8Array,
  { headers, timeoutMs, signal }: UnaryCallOptions,
): Promise<Uint8Array> => {
  if (signal?.aborted) throw gaveUp();
  const opening = connection.request({
    ...headers,
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(timeoutMs === undefined ? {} : { "grpc-timeout": formatTimeout(timeoutMs) }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let stream: ClientHttp2Stream | undefined;
  let stopped = false;
  const stop = (error: ConnectError) => {
    stopped = true;
    reject(error);
    stream?.close(constants.NGHTTP2_CANCEL);
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop(tooLate()), timeoutMs);
  const abort = () => stop(gaveUp());
  signal?.addEventListener("abort", abort);
  const begin = (opened: ClientHttp2Stream) => {
    stream = opened;
    const answer = new Answer(opened);
    opened.once("close", () => {
      try {
        resolve(answer.read());
      } catch (error) {
        reject(error);
      }
    });
    if (stopped) opened.close(constants.NGHTTP2_CANCEL);
    else opened.end(toFrame(message));
  };
  if (opening instanceof Promise) opening.then(begin, reject);
  else begin(opening);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
};

const gaveUp = () => new ConnectError("This operation was aborted", Code.Canceled);
const tooLate = () => new ConnectError("the operation timed out", Code.DeadlineExceeded);

/** What comes back on a stream, to be read once it is closed. */
class Answer {
  readonly #stream: ClientHttp2Stream;
  readonly #session: ClientHttp2Stream["session"];
  readonly #reader = new FrameReader(MAX_ANSWER_BYTES);
  #head: IncomingHttpHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #unreadable: ConnectError | undefined;
  #failure: NodeJS.ErrnoException | undefined;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.#session = stream.session;
    stream.once("response", (headers) => {
      this.#head = headers;
    });
    stream.once("trailers", (headers) => {
      this.#trailers = headers;
    });
    stream.on("data", (chunk: Buffer) => {
      if (this.#unreadable !== undefined) return;
      this.#attempt(() => this.#reader.push(chunk));
      if (this.#unreadable !== undefined) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  /** @throws ConnectError */
  read(): Uint8Array {
    // An answer without a body has its trailers for headers.
    const { "grpc-status": status, "grpc-message": text } = this.#trailers ?? this.#head ?? {};
    const failure = typeof status === "string" ? toError(status, String(text ?? "")) : this.#withoutStatus();
    if (failure !== undefined) throw failure;
    const message = this.#attempt(() => this.#reader.finish());
    if (message === undefined) throw this.#unreadable;
    return message;
  }

  #withoutStatus(): ConnectError {
    if (this.#unreadable !== undefined) return this.#unreadable;
    const httpStatus = Number(this.#head?.[":status"] ?? 200);
    if (httpStatus !== 200) return httpError(httpStatus);
    const failure = this.#failure;
    if (failure !== undefined && failure.code !== "ERR_HTTP2_STREAM_ERROR") {
      return new ConnectError(failure.message, Code.Unavailable, undefined, undefined, failure);
    }
    const session = this.#session;
    if (session === undefined || session.closed || session.destroyed) {
      return new ConnectError("the connection was lost", Code.Unavailable);
    }
    return resetError(this.#stream.rstCode ?? constants.NGHTTP2_NO_ERROR);
  }

  #attempt<T>(work: () => T): T | undefined {
    try {
      return theirFault(work);
    } catch (error) {
      this.#unreadable = ConnectError.from(error);
      return undefined;
    }
  }
}

/** What cannot be read is a fault of the other side, whatever a caller would be told: an unreadable answer must not look like an unknown method. */
const theirFault = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new ConnectError(ConnectError.from(error).rawMessage, Code.Internal, undefined, undefined, error);
  }
};
