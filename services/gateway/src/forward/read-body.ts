import { Readable, Transform } from "node:stream";
import { AppError } from "@tandem/kernel";
import type { NodeRequest } from "../edge/exchange.ts";

/** Bodies up to this size are read before the context is called: a slow sender holds nothing there, and the call can be repeated. */
const WHOLE_BYTES = 65_536;

export type OutgoingBody =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "stream"; readonly stream: Readable; readonly length: number | undefined };

const tooLarge = (bytes: number): AppError =>
  new AppError("resource_exhausted", "request.body_too_large", `The body is over ${bytes} bytes.`, {
    retryable: false,
  });

/** @throws AppError `request.body_too_large`, before any byte when the length is announced */
export const readBody = async (request: NodeRequest, maxBytes: number, streaming: boolean): Promise<OutgoingBody> => {
  const announced = request.headers["content-length"];
  const length = announced === undefined ? undefined : Number(announced);
  if (length !== undefined && length > maxBytes) throw tooLarge(maxBytes);
  const empty = length === 0 || (length === undefined && !mayHaveBody(request));
  if (empty) return { kind: "none" };
  if (length !== undefined && length <= WHOLE_BYTES) return { kind: "whole", bytes: await readWhole(request, length) };
  if (!streaming && length === undefined) return readUnknown(request, maxBytes);
  return { kind: "stream", stream: request.pipe(counted(maxBytes)), length };
};

const mayHaveBody = (request: NodeRequest): boolean =>
  request.httpVersionMajor === 2 ? !request.stream.endAfterHeaders : request.headers["transfer-encoding"] !== undefined;

const readWhole = async (request: NodeRequest, length: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  // Over HTTP/2 nobody has compared them yet.
  if (bytes.length === length) return bytes;
  throw new AppError("invalid_argument", "request.malformed", "The body is not as long as it was said to be.");
};

/** Without an announced length: whole while it is small, else as a stream that begins with what was read. */
const readUnknown = async (request: NodeRequest, maxBytes: number): Promise<OutgoingBody> => {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return size === 0 ? { kind: "none" } : { kind: "whole", bytes: Buffer.concat(chunks) };
    chunks.push(value);
    size += value.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (size > WHOLE_BYTES) break;
  }
  const rest = async function* () {
    yield* chunks;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return;
      yield value;
    }
  };
  return { kind: "stream", stream: Readable.from(rest()).pipe(counted(maxBytes)), length: undefined };
};

const counted = (maxBytes: number): Transform => {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
};
