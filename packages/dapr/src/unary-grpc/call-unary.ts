import { type ClientHttp2Stream, constants } from "node:http2";
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
import { toFrame } from "./frame.ts";
import type { HeldConnection } from "./hold-connection.ts";
import { decode } from "./methods.ts";
import { Answer, theirFault } from "./read-answer.ts";
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
