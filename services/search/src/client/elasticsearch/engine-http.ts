import { engineUnavailable } from "../../model/errors.ts";

export interface EngineHttpOptions {
  readonly url: string;
  /** The whole `Authorization` header. */
  readonly authorization?: string | undefined;
  readonly timeoutMs: number;
}

export interface EngineAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of two products in several versions, read with care where it is used
  readonly body: any;
}

export interface EngineHttp {
  /**
   * Any answer below 500 but 429 comes back as it is.
   * @throws AppError `search.engine_unavailable`
   */
  request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<EngineAnswer>;
}

/** Elasticsearch and OpenSearch over plain HTTP: neither product's own client accepts the other, and eight calls need none. */
export const createEngineHttp = ({ url, authorization, timeoutMs }: EngineHttpOptions): EngineHttp => {
  const base = url.replace(/\/+$/, "");
  return {
    async request(method, path, body, signal) {
      const lines = typeof body === "string";
      const within = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await fetch(`${base}${path}`, {
          method,
          headers: {
            accept: "application/json",
            ...(body === undefined ? {} : { "content-type": lines ? "application/x-ndjson" : "application/json" }),
            ...(authorization ? { authorization } : {}),
          },
          ...(body === undefined ? {} : { body: lines ? body : JSON.stringify(body) }),
          signal: signal ? AbortSignal.any([signal, within]) : within,
        });
        const text = await answer.text();
        if (answer.status >= 500 || answer.status === 429)
          throw new Error(`HTTP ${answer.status}: ${text.slice(0, 300)}`);
        return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
      } catch (error) {
        signal?.throwIfAborted();
        throw engineUnavailable(error);
      }
    },
  };
};
