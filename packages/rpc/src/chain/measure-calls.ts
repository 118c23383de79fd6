import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Metrics } from "@tandem/runtime";
import { edgeKey, type Protocol } from "../call.ts";
import { nameOfCode } from "../errors/codes.ts";
import { observed } from "./stream-end.ts";

export interface CallMetrics {
  /** Counts and times one call. `rpc_method` is bounded by the descriptors, never by what callers type. */
  record(call: {
    readonly service: string;
    readonly method: string;
    readonly protocol: Protocol;
    readonly code: string;
    readonly seconds: number;
  }): void;
  readonly interceptor: Interceptor;
}

/** 5. Rate, errors, duration per method: `tandem_rpc_server_*`. */
export const createCallMetrics = (metrics: Metrics): CallMetrics => {
  const requests = metrics.counter({
    name: "tandem_rpc_server_requests_total",
    help: "Calls that ended, by method, protocol and code (ok, or the Connect code)",
    labels: ["rpc_service", "rpc_method", "protocol", "code"],
  });
  const duration = metrics.histogram({
    name: "tandem_rpc_server_duration_seconds",
    help: "Time from the decoded request to the end of the call",
    labels: ["rpc_service", "rpc_method"],
  });
  const inFlight = metrics.gauge({
    name: "tandem_rpc_server_in_flight",
    help: "Calls that run now",
    labels: ["rpc_service"],
  });
  const record: CallMetrics["record"] = ({ service, method, protocol, code, seconds }) => {
    requests.inc({ rpc_service: service, rpc_method: method, protocol, code });
    duration.observe({ rpc_service: service, rpc_method: method }, seconds);
  };
  const interceptor: Interceptor = (next) => (req) => {
    const startedAt = performance.now();
    const service = req.service.typeName;
    inFlight.inc({ rpc_service: service });
    const end = (error?: unknown): void => {
      inFlight.dec({ rpc_service: service });
      record({
        service,
        method: req.method.name,
        protocol: req.contextValues.get(edgeKey)?.protocol ?? "connect",
        code: error === undefined ? "ok" : nameOfCode(ConnectError.from(error).code),
        seconds: (performance.now() - startedAt) / 1000,
      });
    };
    return observed(() => next(req), end);
  };
  return { record, interceptor };
};
