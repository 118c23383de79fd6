import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { FrameReader, toFrame } from "./frame.ts";
import type { RequestHeader, UnaryCall, UnaryMethod, UnaryMethods } from "./methods.ts";
import { encodeMessage, statusOf } from "./status.ts";
import { parseTimeout } from "./timeout.ts";

/** The answer is out: whatever else the caller would send is of no use. */
export const stopReading = (stream: ServerHttp2Stream) => {
  stream.resume();
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
};

const HEADERS: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };
const SUCCESS: OutgoingHttpHeaders = { "grpc-status": "0" };

/** One call, from its headers to its status. */
export class ServedCall implements UnaryCall {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  #controller: AbortController | undefined;
  /** Why nobody waits for the answer any more. */
  #over: ConnectError | undefined;
  #answered = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.#headers = headers;
  }

  get requestHeader(): RequestHeader {
    return {
      get: (name) => {
        const value = this.#headers[name];
        return typeof value === "string" ? value : null;
      },
    };
  }

  /** Made for those who ask. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#over !== undefined) this.#controller.abort(this.#over);
    }
    return this.#controller.signal;
  }

  serve(methods: UnaryMethods, maxMessageBytes: number): void {
    const stream = this.#stream;
    const method = methods.get(this.#headers[":path"] ?? "");
    stream.once("close", () => {
      clearTimeout(this.#timer);
      if (!this.#answered) this.#abandon(new ConnectError("the caller is gone", Code.Canceled));
    });
    try {
      if (method === undefined) throw new ConnectError("unknown method", Code.Unimplemented);
      this.#checkEncoding();
      this.#expireAfter(parseTimeout(this.requestHeader.get("grpc-timeout") ?? undefined));
    } catch (error) {
      this.#fail(error);
      return;
    }
    const reader = new FrameReader(maxMessageBytes);
    stream.on("data", (chunk: Buffer) => {
      if (this.#answered) return;
      try {
        reader.push(chunk);
      } catch (error) {
        this.#fail(error);
      }
    });
    stream.once("end", () => {
      if (!this.#answered && this.#over === undefined) void this.#answer(method, reader);
    });
  }

  async #answer(method: UnaryMethod, reader: FrameReader): Promise<void> {
    try {
      this.#succeed(await method(reader.finish(), this));
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkEncoding(): void {
    const encoding = this.#headers["grpc-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      throw new ConnectError(`grpc-encoding ${String(encoding)} is not supported`, Code.Unimplemented);
    }
  }

  #expireAfter(ms: number | undefined): void {
    if (ms === undefined) return;
    this.#timer = setTimeout(() => {
      const error = new ConnectError("the operation timed out", Code.DeadlineExceeded);
      this.#abandon(error);
      this.#fail(error);
    }, ms);
  }

  #abandon(reason: ConnectError): void {
    this.#over ??= reason;
    this.#controller?.abort(reason);
  }

  #succeed(message: Uint8Array): void {
    const stream = this.#stream;
    if (!this.#mayAnswer()) return;
    stream.once("wantTrailers", () => stream.sendTrailers(SUCCESS));
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.end(toFrame(message));
  }

  #fail(error: unknown): void {
    if (!this.#mayAnswer()) return;
    const { code, message } = statusOf(error);
    const status = { "grpc-status": String(code), "grpc-message": encodeMessage(message) };
    // Tells a caller that compressed what it may send.
    const accepted = code === Code.Unimplemented ? { "grpc-accept-encoding": "identity" } : {};
    this.#stream.respond({ ...HEADERS, ...status, ...accepted }, { endStream: true });
    stopReading(this.#stream);
  }

  #mayAnswer(): boolean {
    if (this.#answered || this.#stream.destroyed || this.#stream.closed) return false;
    this.#answered = true;
    clearTimeout(this.#timer);
    return true;
  }
}
