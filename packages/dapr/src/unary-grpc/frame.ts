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
  /** As a rule the only chunk itself; else a copy with room to grow, so that a thousand tiny chunks do not pin what they were cut from. */
  #bytes: Buffer = Buffer.alloc(0);
  #received = 0;
  #length: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#append(chunk);
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
    return this.#bytes.subarray(PREFIX, this.#received);
  }

  #append(chunk: Buffer): void {
    const size = this.#received + chunk.length;
    if (this.#received === 0) this.#bytes = chunk;
    else {
      if (size > this.#bytes.length) {
        const grown = Buffer.allocUnsafe(Math.max(size, 2 * this.#bytes.length));
        this.#bytes.copy(grown, 0, 0, this.#received);
        this.#bytes = grown;
      }
      chunk.copy(this.#bytes, this.#received);
    }
    this.#received = size;
  }

  #readPrefix(): number {
    const length = this.#bytes.readUInt32BE(1);
    if (this.#bytes[0] !== 0)
      throw new ConnectError(`protocol error: frame with flags ${this.#bytes[0]}`, Code.Internal);
    if (length > this.#maxBytes) {
      throw new ConnectError(`a message of ${length} bytes, limit ${this.#maxBytes}`, Code.ResourceExhausted);
    }
    return length;
  }
}
