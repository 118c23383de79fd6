import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { ContextValues } from "@connectrpc/connect";
import type { RestResponse } from "./rest.ts";
import type { Transcoder } from "./transcoder.ts";
import { splitUrl } from "./url.ts";

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
    if (value === undefined) continue;
    if (name === ":authority") headers.set("host", String(value));
    else if (name.startsWith(":")) continue;
    else if (typeof value === "string") headers.set(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
};

/** Waits until the response takes more, or is gone. */
const drained = (response: NodeResponse, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (gone.aborted) return resolve();
    const done = () => {
      response.off("drain", done);
      gone.removeEventListener("abort", done);
      resolve();
    };
    response.on("drain", done);
    gone.addEventListener("abort", done);
  });

const send = async (
  response: ServerResponse,
  { status, headers, body }: RestResponse,
  gone: AbortSignal,
): Promise<void> => {
  const named: Record<string, string | string[]> = {};
  headers.forEach((value, name) => {
    named[name] = name === "set-cookie" ? headers.getSetCookie() : value;
  });
  try {
    if (!gone.aborted) response.writeHead(status, named);
    if (body === undefined || body instanceof Uint8Array) {
      if (!gone.aborted) response.end(body);
      return;
    }
    for await (const chunk of body) {
      // Not asked before the loop: only a stream that was begun and left runs its handler's cleanup.
      if (gone.aborted) return;
      if (!response.write(chunk)) await drained(response, gone);
    }
    response.end();
  } catch {
    // Raw bytes that broke off (a proper end would make them look complete), or a head that Node refuses to write.
    response.destroy();
  }
};

/** For `http.createServer` and `http2.createServer`. The client's going away aborts the handler's signal. */
export const createNodeHandler =
  (transcoder: Transcoder, options: NodeHandlerOptions = {}): NodeHandler =>
  async (request, response) => {
    const method = request.method ?? "GET";
    const url = request.url ?? "/";
    if (transcoder.match(method, splitUrl(url).path).kind === "not_found") return false;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const contextValues = options.contextValues?.(request);
    const answer = await transcoder.handle({
      method,
      url,
      headers: headersOf(request),
      // A body that is too large is left unread, not destroyed: the socket still has to carry the answer.
      body: request.iterator({ destroyOnReturn: false }),
      signal: gone.signal,
      ...(contextValues && { contextValues }),
    });
    // Both kinds have the methods used here; their overloads differ too much for one call.
    await send(response as ServerResponse, answer, gone.signal);
    return true;
  };
