import type { Logger, Metrics } from "@tandem/runtime";
import type { Exchange } from "./exchange.ts";
import { maskTarget } from "./mask-target.ts";

export interface RequestLog {
  /** Once per request, when its answer is over. */
  (exchange: Exchange): void;
  /** What nobody expected. */
  failed(exchange: Exchange, error: unknown): void;
}

/** Of the probes there are many, and nothing to say. */
const SILENT: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

/** One line per request, with what may be known of it: no headers, no bodies, a masked path. And the door's metrics. */
export const createRequestLog = (log: Logger, metrics: Metrics): RequestLog => {
  const requests = metrics.counter({
    name: "tandem_gateway_requests_total",
    help: "Requests by route, protocol and status; aborted: the caller went away",
    labels: ["route", "context", "protocol", "status"],
  });
  const duration = metrics.histogram({
    name: "tandem_gateway_duration_seconds",
    help: "From a request's headers to the end of its answer",
    labels: ["context", "protocol"],
  });
  const line = (exchange: Exchange) => {
    const { request, response, protocol, label, context, correlationId, clientAddress, subject, slug, attempts } =
      exchange;
    const [path = "", query] = (request.url ?? "").split("?", 2);
    return {
      correlationId,
      ...(exchange.answerHeaders["x-trace-id"] ? { traceId: exchange.answerHeaders["x-trace-id"] } : {}),
      method: request.method,
      path: maskTarget(path, query === undefined ? "" : `?${query}`),
      route: label,
      protocol,
      status: response.writableFinished ? response.statusCode : "aborted",
      ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
      client: clientAddress,
      ...(context ? { context } : {}),
      ...(subject ? { subject } : {}),
      ...(slug ? { error: slug } : {}),
      ...(attempts > 1 ? { attempts } : {}),
    };
  };
  const write = (exchange: Exchange): void => {
    const { response, label, context, protocol, startedAt } = exchange;
    const status = response.writableFinished ? String(response.statusCode) : "aborted";
    requests.inc({ route: label, context, protocol, status });
    duration.observe({ context, protocol }, (performance.now() - startedAt) / 1000);
    if (!SILENT.has(label)) log.info(line(exchange), "request");
  };
  return Object.assign(write, {
    failed: (exchange: Exchange, error: unknown) => log.error({ ...line(exchange), err: error }, "request failed"),
  });
};
