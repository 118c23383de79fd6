import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { ContextValues } from "@connectrpc/connect";
import type { RestResponse } from "./rest.ts";
import type { Transcoder } from "./transcoder.ts";

type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;

export interface NodeHandlerOptions {
  /** Values for interceptors and handlers, made per request. Default none. */
  readonly contextValues?: (request: NodeRequest) => ContextValues;
}

/** False when no route knows the path: the response is then untouched and another handler may answer. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => Promise<boolean>;

const headersOf = (request: NodeRequest): Headers => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    if (typeof value === "string") headers.set(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
};

/** Waits until the response takes more, or is gone. */
const drained = (response: NodeResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });

const send = async (response: NodeResponse, { status, headers, body }: RestResponse): Promise<void> => {
  if (response.destroyed) return;
  const named: Record<string, string | string[]> = {};
  headers.forEach((value, name) => {
    named[name] = name === "set-cookie" ? headers.getSetCookie() : value;
  });
  (response as ServerResponse).writeHead(status, named);
  if (body === undefined || body instanceof Uint8Array) {
    (response as ServerResponse).end(body);
    return;
  }
  for await (const chunk of body) {
    if (response.destroyed || response.closed) break;
    if (!(response as ServerResponse).write(chunk)) await drained(response);
  }
  response.end();
};

/** For `http.createServer` and `http2.createServer`. The client's going away aborts the handler's signal. */
export const createNodeHandler =
  (transcoder: Transcoder, options: NodeHandlerOptions = {}): NodeHandler =>
  async (request, response) => {
    const method = request.method ?? "GET";
    const url = request.url ?? "/";
    if (transcoder.match(method, url.split("?", 1)[0] ?? "/").kind === "not_found") return false;
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableEnded) gone.abort();
    });
    const contextValues = options.contextValues?.(request);
    await send(
      response,
      await transcoder.handle({
        method,
        url,
        headers: headersOf(request),
        body: request,
        signal: gone.signal,
        ...(contextValues && { contextValues }),
      }),
    );
    return true;
  };
