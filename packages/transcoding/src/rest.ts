import type { ContextValues } from "@connectrpc/connect";
import type { BodySource } from "./body.ts";

/** An HTTP request, of whatever server. */
export interface RestRequest {
  readonly method: string;
  /** Path and query ("/v1/orders?limit=5"), or an absolute URL. */
  readonly url: string;
  readonly headers: Headers;
  readonly body?: BodySource;
  /** Aborted when the caller goes away. */
  readonly signal?: AbortSignal;
  /** For interceptors and handlers. */
  readonly contextValues?: ContextValues;
}

export interface RestResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Whole, or as it comes when the RPC streams; undefined for none. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}
