import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { FrameReader } from "./frame.ts";
import { httpError, resetError, toError } from "./status.ts";

/** An answer is read whole: what is bigger than this no sidecar and no app sends. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** What comes back on a stream, to be read once it is closed. */
export class Answer {
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
export const theirFault = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new ConnectError(ConnectError.from(error).rawMessage, Code.Internal, undefined, undefined, error);
  }
};
