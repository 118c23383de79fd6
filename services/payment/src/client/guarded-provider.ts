import { type CircuitBreaker, createCircuitBreaker } from "@tandem/resilience";
import type { Logger, Metrics } from "@tandem/runtime";
import type { CardProvider } from "../biz/ports.ts";

/** Leaves a provider alone that keeps failing. While it does, calls throw AppError `circuit.open` and are known not to have been made. */
export const guardProvider = (provider: CardProvider, breaker: CircuitBreaker): CardProvider => ({
  execute: (request, signal) => breaker.run(() => provider.execute(request, signal), signal),
  lookup: (operationId, signal) => breaker.run(() => provider.lookup(operationId, signal), signal),
});

/** Opens when most of at least 20 calls within ten seconds failed: a single card that never answers must not stop the others. */
export const createProviderBreaker = ({ log, metrics }: { readonly log: Logger; readonly metrics: Metrics }) => {
  const open = metrics.gauge({
    name: "tandem_payment_provider_circuit_open",
    help: "1 while the card provider is left alone because it keeps failing",
  });
  open.set(0);
  return createCircuitBreaker({
    name: "card provider",
    failureRate: { share: 0.6, windowMs: 10_000, minimumRps: 2 },
    onStateChange: (state) => {
      open.set(state === "closed" ? 0 : 1);
      log.warn({ state }, "the card provider's circuit changed");
    },
  });
};
