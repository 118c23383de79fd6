import { Code, ConnectError } from "@connectrpc/connect";

/** One enveloped message of a Connect stream: a byte of flags, four of length, the data. */
export interface Envelope {
  readonly endOfStream: boolean;
  readonly data: Uint8Array;
}

const headerBytes = 5;
const endStreamFlag = 0b10;
const compressedFlag = 0b1;

export const writeEnvelope = (data: Uint8Array): Uint8Array => {
  const framed = new Uint8Array(headerBytes + data.byteLength);
  new DataView(framed.buffer).setUint32(1, data.byteLength);
  framed.set(data, headerBytes);
  return framed;
};

const append = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  if (a.byteLength === 0) return b;
  const joined = new Uint8Array(a.byteLength + b.byteLength);
  joined.set(a);
  joined.set(b, a.byteLength);
  return joined;
};

/** Splits a stream of bytes into envelopes, wherever the chunks are cut. Nothing is compressed here: it is the same process. */
export async function* readEnvelopes(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Envelope, undefined> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    rest = append(rest, chunk);
    while (rest.byteLength >= headerBytes) {
      const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
      const flags = view.getUint8(0);
      const end = headerBytes + view.getUint32(1);
      if (rest.byteLength < end) break;
      if ((flags & compressedFlag) !== 0) throw new ConnectError("unexpected compressed message", Code.Internal);
      yield { endOfStream: (flags & endStreamFlag) !== 0, data: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
  return undefined;
}
