import { createCircuitBreaker } from "@tandem/resilience";
import type { Logger, Metrics } from "@tandem/runtime";
import type { CarrierPort } from "../biz/ports.ts";
import { carrierTimeout } from "../model/errors.ts";

export interface GuardCarrierOptions {
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Waits no longer than the deadline, also for a carrier that does not heed it. */
const within = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(carrierTimeout());
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  return Promise.race([work, late]).finally(() => signal.removeEventListener("abort", giveUp));
};

/**
 * Gives every call of a carrier a deadline, and leaves one alone that keeps failing: then calls throw AppError `circuit.open` and are known
 * not to have been made. A breaker for each: one that is down must not stop the others.
 */
export const guardCarrier = (carrier: CarrierPort, { timeoutMs, log, metrics }: GuardCarrierOptions): CarrierPort => {
  const { code } = carrier;
  const open = metrics.gauge({
    name: "tandem_shipping_carrier_circuit_open",
    help: "1 while a carrier is left alone because it keeps failing",
    labels: ["carrier"],
  });
  const failures = metrics.counter({
    name: "tandem_shipping_carrier_failures_total",
    help: "Calls that a carrier failed to answer, by what was asked",
    labels: ["carrier", "call"],
  });
  open.set({ carrier: code }, 0);
  const breaker = createCircuitBreaker({
    name: `carrier ${code}`,
    // Most of at least 20 calls within ten seconds: a single parcel that never gets an answer must not stop the others.
    failureRate: { share: 0.6, windowMs: 10_000, minimumRps: 2 },
    // Whatever a carrier throws means that it did not answer; its refusals are answers.
    counts: () => true,
    onStateChange: (state) => {
      open.set({ carrier: code }, state === "closed" ? 0 : 1);
      log.warn({ state, carrier: code }, "a carrier's circuit changed");
    },
  });
  const guarded = <T>(call: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    breaker.run(async () => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        return await within(deadline, work(deadline));
      } catch (error) {
        failures.inc({ carrier: code, call });
        throw error;
      }
    }, signal);
  return {
    code,
    name: carrier.name,
    rates: (parcel, signal) => guarded("rates", signal, (deadline) => carrier.rates(parcel, deadline)),
    book: (key, service, parcel, signal) =>
      guarded("book", signal, (deadline) => carrier.book(key, service, parcel, deadline)),
    findBooking: (key, signal) => guarded("find_booking", signal, (deadline) => carrier.findBooking(key, deadline)),
    label: (number, signal) => guarded("label", signal, (deadline) => carrier.label(number, deadline)),
    pickUp: (number, signal) => guarded("pick_up", signal, (deadline) => carrier.pickUp(number, deadline)),
    track: (number, signal) => guarded("track", signal, (deadline) => carrier.track(number, deadline)),
    cancel: (number, signal) => guarded("cancel", signal, (deadline) => carrier.cancel(number, deadline)),
  };
};
