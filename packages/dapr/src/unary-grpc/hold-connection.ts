import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Finds out that a connection died without a word: asks while calls are open and nothing comes, and before a call after so long a silence.
   * Default: never.
   */
  readonly ping?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/** One HTTP/2 connection at a time: opened by the first call, made anew by the first one after it was lost. */
export interface HeldConnection {
  /** How often it was opened, or tried to. */
  readonly opened: number;
  /** @throws ConnectError `unavailable` once it is closed */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream | Promise<ClientHttp2Stream>;
  /** Calls in flight end as unavailable. For good. */
  close(): void;
}

/** Long before HTTP/2 runs out of numbers for streams. */
const STREAMS_OF_A_CONNECTION = 1_000_000_000;

export const holdConnection = ({ host, port, ping }: ConnectionOptions): HeldConnection => {
  let current: Session | undefined;
  let opened = 0;
  let closed = false;

  const open = (): Session => {
    opened++;
    const session = new Session(connect(`http://${host}:${port}`), ping);
    session.http2.once("close", () => {
      if (current === session) current = undefined;
    });
    return session;
  };

  const live = (): Session => {
    if (closed) throw new ConnectError("the connection is closed", Code.Unavailable);
    if (current === undefined || !current.usable) current = open();
    return current;
  };

  return {
    get opened() {
      return opened;
    },
    request: (headers) => {
      const session = live();
      if (!session.doubtful) return session.request(headers);
      return session.verify().then(() => live().request(headers));
    },
    close: () => {
      closed = true;
      current?.http2.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  };
};

class Session {
  readonly http2: ClientHttp2Session;
  readonly #ping: ConnectionOptions["ping"];
  #streams = 0;
  #total = 0;
  #heardAt = performance.now();
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(http2: ClientHttp2Session, ping: ConnectionOptions["ping"]) {
    this.http2 = http2;
    this.#ping = ping;
    http2.on("error", () => undefined); // its streams hear of it
    // An idle connection keeps nobody from exiting.
    http2.unref();
  }

  get usable(): boolean {
    return !this.http2.closed && !this.http2.destroyed;
  }

  get doubtful(): boolean {
    return this.#ping !== undefined && performance.now() - this.#heardAt > this.#ping.intervalMs;
  }

  /** Resolves in any case; a connection that does not answer is gone by then. */
  verify(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.http2.request(headers);
    if (this.#streams++ === 0) this.#wake();
    if (++this.#total === STREAMS_OF_A_CONNECTION) this.http2.close();
    if (this.#ping !== undefined) stream.once("response", () => this.#heard());
    stream.once("close", () => {
      // Said by Node itself where it believes that the connection holds too much memory. It counts what was written and given up for ever, so
      // that after some eighty big requests without an answer each answer is refused, although the other side has done the work.
      // A moment later, so that its call ends with that and not with a connection that was lost.
      if (stream.rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM) queueMicrotask(() => this.http2.close());
      if (--this.#streams === 0) this.#rest();
    });
    return stream;
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  #wake(): void {
    this.http2.ref();
    if (this.#ping === undefined) return;
    this.#timer = setInterval(() => {
      if (this.doubtful) void this.verify();
    }, this.#ping.intervalMs);
    this.#timer.unref();
  }

  #rest(): void {
    clearInterval(this.#timer);
    if (this.usable) this.http2.unref();
  }

  #ask(): Promise<void> {
    const { http2 } = this;
    return new Promise((resolve) => {
      if (http2.destroyed) return resolve();
      const timer = setTimeout(() => {
        http2.destroy(new Error("the connection does not answer"));
        resolve();
      }, this.#ping?.timeoutMs);
      http2.ping((error) => {
        clearTimeout(timer);
        if (error === null) this.#heard();
        resolve();
      });
    });
  }
}
