import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";

export interface InvokeTarget {
  readonly appId: string;
  /** Path and query at the app. */
  readonly path: string;
}

/** Service invocation: any HTTP request, passed on to another app as it is. */
export interface InvokeProxy extends Disposable {
  /** Undefined when the request is not for another app. */
  targetOf(headers: Headers, url: URL): InvokeTarget | undefined;
  forward(target: InvokeTarget, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface InvokeOptions {
  readonly appId: string;
  /** HTTP port of another app; undefined when there is no such app here. */
  readonly portOf: (appId: string) => number | undefined;
}

const BY_PATH = /^\/v1\.0\/invoke\/([^/]+)\/method(\/.*)?$/;
// Of one hop only. The token is between the caller and this sidecar.
const NOT_FORWARDED = new Set(["connection", "keep-alive", "te", "upgrade", "host", "dapr-app-id", "dapr-api-token"]);

export const createInvokeProxy = ({ appId: caller, portOf }: InvokeOptions): InvokeProxy => {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return {
    targetOf: (headers, url) => {
      const byPath = BY_PATH.exec(url.pathname);
      if (byPath !== null)
        return { appId: decodeURIComponent(byPath[1] ?? ""), path: `${byPath[2] ?? "/"}${url.search}` };
      const appId = headers.get("dapr-app-id");
      return appId === null ? undefined : { appId, path: url.pathname + url.search };
    },

    forward: async ({ appId, path }, request, response) => {
      const port = portOf(appId);
      if (port === undefined)
        throw new ConnectError(`failed to invoke: couldn't find service: ${appId}`, Code.Internal);
      const headers = Object.entries(request.headers).filter(([name]) => !NOT_FORWARDED.has(name));
      const outgoing = httpRequest({
        host: "127.0.0.1",
        port,
        path,
        method: request.method,
        agent,
        headers: { ...Object.fromEntries(headers), "dapr-caller-app-id": caller, "dapr-callee-app-id": appId },
      });
      response.once("close", () => {
        if (!response.writableFinished) outgoing.destroy();
      });
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve);
        outgoing.once("error", (cause) => {
          reject(
            new ConnectError(
              `failed to invoke, id: ${appId}, err: ${cause.message}`,
              Code.Internal,
              undefined,
              undefined,
              cause,
            ),
          );
        });
      });
      // An app may answer, and close, before it has read all of the body.
      pipeline(request, outgoing).catch(() => undefined);
      const answer = await answered;
      response.writeHead(answer.statusCode ?? 502, withoutHopHeaders(answer.headers));
      await pipeline(answer, response);
    },

    [Symbol.dispose]: () => agent.destroy(),
  };
};

const withoutHopHeaders = (headers: IncomingMessage["headers"]) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !NOT_FORWARDED.has(name)),
  ) as Record<string, string | string[]>;
