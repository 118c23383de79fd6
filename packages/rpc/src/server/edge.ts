import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type ContextValues, createContextValues } from "@connectrpc/connect";
import type { Logger, Metrics } from "@tandem/runtime";
import { type Edge, edgeKey, type Protocol } from "../call.ts";
import { CALLER_APP_HEADER, CLIENT_ADDRESS_HEADER } from "../headers.ts";
import { clampTimeouts } from "../read-timeout.ts";
import type { InFlight } from "./in-flight.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

export interface EdgeWatch {
  /** Counts the request in until its response is over. False when draining: answer with a refusal. */
  admit(request: NodeRequest, response: NodeResponse): boolean;
  /** What interceptors learn about the connection. */
  contextValues(request: NodeRequest): ContextValues;
}

export interface EdgeWatchOptions {
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly trustedProxies: number;
  readonly trustedDoors: readonly string[];
  readonly maxDeadlineMs: number;
}

/** Sees every request, also those that end before the interceptors: unknown paths, malformed bodies, oversize, slow senders. */
export const createEdgeWatch = ({
  inFlight,
  metrics,
  log,
  trustedProxies,
  trustedDoors,
  maxDeadlineMs,
}: EdgeWatchOptions): EdgeWatch => {
  const edges = new WeakMap<NodeRequest, Edge>();
  const refused = metrics.counter({
    name: "tandem_rpc_server_refused_total",
    help: "Requests that ended before the interceptors: unknown path, malformed, too large, too slow, draining",
    labels: ["protocol", "status"],
  });
  const edgeOf = (request: NodeRequest): Edge => {
    const edge = edges.get(request) ?? {
      protocol: protocolOf(request),
      ...originOf(request, trustedProxies, trustedDoors),
      reached: false,
    };
    edges.set(request, edge);
    return edge;
  };
  return {
    admit: (request, response) => {
      const edge = edgeOf(request);
      clampTimeouts(request.headers, maxDeadlineMs);
      const leave = inFlight.enter();
      response.once("close", () => {
        leave?.();
        if (edge.reached || (response.writableEnded && response.statusCode < 400)) return;
        const status = response.writableEnded ? String(response.statusCode) : "aborted";
        refused.inc({ protocol: edge.protocol, status });
        log.info(
          {
            protocol: edge.protocol,
            status,
            method: request.method,
            path: (request.url ?? "").split("?", 1)[0]?.slice(0, 200),
          },
          "request refused",
        );
      });
      return leave !== undefined;
    },
    contextValues: (request) => createContextValues().set(edgeKey, edgeOf(request)),
  };
};

export const protocolOf = (request: NodeRequest): Protocol => {
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/grpc-web")) return "grpc-web";
  if (type.startsWith("application/grpc")) return "grpc";
  // Connect's paths are `/package.Service/Method`; REST templates have no dot in their first segment's type name.
  return /^\/[A-Za-z_][\w]*(\.[A-Za-z_]\w*)+\/[A-Za-z_]\w*(\?|$)/.test(request.url ?? "") ? "connect" : "rest";
};

const originOf = (
  { headers, socket }: NodeRequest,
  trustedProxies: number,
  trustedDoors: readonly string[],
): Pick<Edge, "peer" | "viaDoor"> => {
  // Sidecars set the caller's app id themselves, over whatever the caller sent.
  const client = headers[CLIENT_ADDRESS_HEADER];
  if (typeof client === "string" && trustedDoors.includes(String(headers[CALLER_APP_HEADER])))
    return { peer: client, viaDoor: true };
  const forwarded = trustedProxies > 0 ? String(headers["x-forwarded-for"] ?? "").split(",") : [];
  return { peer: forwarded.at(-trustedProxies)?.trim() || (socket?.remoteAddress ?? ""), viaDoor: false };
};
