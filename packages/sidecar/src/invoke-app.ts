import {
  Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { finished } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";

export interface InvokeTarget {
  readonly appId: string;
  /** Path and query at the app. */
  readonly path: string;
}

/** Service invocation: any HTTP request, passed on to another app as it is. */
export interface InvokeProxy extends Disposable {
  /** Undefined when the request is not for another app. */
  targetOf(headers: IncomingHttpHeaders, url: string): InvokeTarget | undefined;
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

/** Nothing that a URL would put right. */
const PLAIN = /^\/(?!\/)[^#\\\s]*$/;
const DOTS = /\/\.|%2e/i;

const split = (given: string): { readonly pathname: string; readonly search: string } => {
  const at = given.indexOf("?");
  return at < 0 ? { pathname: given, search: "" } : { pathname: given.slice(0, at), search: given.slice(at) };
};

const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

export const createInvokeProxy = ({ appId: caller, portOf }: InvokeOptions): InvokeProxy => {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return {
    targetOf: (headers, given) => {
      const appId = headers["dapr-app-id"];
      if (typeof appId !== "string" && !given.startsWith("/v1.0/invoke/")) return undefined;
      const { pathname, search } =
        PLAIN.test(given) && !DOTS.test(given) ? split(given) : new URL(given, "http://sidecar");
      const byPath = BY_PATH.exec(pathname);
      if (byPath !== null) return { appId: decodeURIComponent(byPath[1] ?? ""), path: `${byPath[2] ?? "/"}${search}` };
      return typeof appId === "string" ? { appId, path: pathname + search } : undefined;
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
        outgoing.on("error", (cause) => {
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
      // Plain pipes: a pipeline makes and aborts a signal per request, and this is every request between services. An app may answer,
      // and close, before it has read all of the body.
      if (hasBody(request.headers)) request.on("error", (cause) => outgoing.destroy(cause)).pipe(outgoing);
      else outgoing.end();
      const answer = await answered;
      response.writeHead(answer.statusCode ?? 502, withoutHopHeaders(answer.headers));
      // Broken off there is broken off here: a proper end would make it look complete.
      answer.on("error", () => response.destroy()).pipe(response);
      await finished(response, { readable: false }).catch(() => undefined);
    },

    [Symbol.dispose]: () => agent.destroy(),
  };
};

const withoutHopHeaders = (headers: IncomingMessage["headers"]) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !NOT_FORWARDED.has(name)),
  ) as Record<string, string | string[]>;
