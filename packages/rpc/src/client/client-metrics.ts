import type { CircuitState } from "@tandem/resilience";
import type { Metrics } from "@tandem/runtime";

/** `tandem_rpc_client_*`: rate, errors, duration, retries and circuit per target. */
export const createClientMetrics = (metrics: Metrics, target: string) => {
  const requests = metrics.counter({
    name: "tandem_rpc_client_requests_total",
    help: "Calls made, retries not counted, by outcome (ok, or the error's kind)",
    labels: ["target", "rpc_service", "rpc_method", "code"],
  });
  const duration = metrics.histogram({
    name: "tandem_rpc_client_duration_seconds",
    help: "Time of a call with all its attempts",
    labels: ["target", "rpc_service", "rpc_method"],
  });
  const retries = metrics.counter({
    name: "tandem_rpc_client_retries_total",
    help: "Attempts after the first",
    labels: ["target", "rpc_service", "rpc_method"],
  });
  const open = metrics.gauge({
    name: "tandem_rpc_client_circuit_open",
    help: "1 while the circuit to the target is not closed",
    labels: ["target"],
  });
  open.set({ target }, 0);
  return {
    begin: (service: string, method: string) => {
      const startedAt = performance.now();
      return (code: string): void => {
        requests.inc({ target, rpc_service: service, rpc_method: method, code });
        duration.observe({ target, rpc_service: service, rpc_method: method }, (performance.now() - startedAt) / 1000);
      };
    },
    retried: (service: string, method: string): void =>
      retries.inc({ target, rpc_service: service, rpc_method: method }),
    circuit: (state: CircuitState): void => open.set({ target }, state === "closed" ? 0 : 1),
  };
};
