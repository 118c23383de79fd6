import { Code, ConnectError } from "@connectrpc/connect";

/** One byte of flags, four of length. */
const PREFIX = 5;

/** A message as gRPC puts it on the wire, uncompressed. */
export const toFrame = (message: Uint8Array): Buffer => {
  const frame = Buffer.allocUnsafe(PREFIX + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX);
  return frame;
};

/**
 * Takes the one message of a unary call out of the chunks it comes in. Holds what has come, never what a prefix promises: a length costs a liar nothing.
 * Each method throws ConnectError: `invalid_argument` for what is cut off, `unimplemented` for none or a second one, `internal` for a compressed one
 * (none was agreed on), `resource_exhausted` for what is over the limit.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #received = 0;
  #length: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received < PREFIX) return;
    this.#length ??= this.#readPrefix();
    if (this.#received > PREFIX + this.#length) {
      throw new ConnectError("protocol error: more than one message in a unary call", Code.Unimplemented);
    }
  }

  /** Nothing more comes. */
  finish(): Uint8Array {
    if (this.#received === 0) throw new ConnectError("protocol error: no message in a unary call", Code.Unimplemented);
    if (this.#length === undefined || this.#received < PREFIX + this.#length) {
      throw new ConnectError("protocol error: the message is cut off", Code.InvalidArgument);
    }
    return this.#joined().subarray(PREFIX);
  }

  #readPrefix(): number {
    const head = this.#joined();
    const length = head.readUInt32BE(1);
    if (head[0] !== 0) throw new ConnectError(`protocol error: frame with flags ${head[0]}`, Code.Internal);
    if (length > this.#maxBytes) {
      throw new ConnectError(`a message of ${length} bytes, limit ${this.#maxBytes}`, Code.ResourceExhausted);
    }
    return length;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
