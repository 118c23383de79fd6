import { isAppError } from "@tandem/kernel";
import { type CircuitBreaker, createCircuitBreaker } from "@tandem/resilience";
import type { Logger, Metrics } from "@tandem/runtime";
import type { MessageSender } from "../biz/ports.ts";
import type { Channel } from "../model/channel.ts";

/** Leaves a provider alone that keeps failing. While it does, sends throw AppError `circuit.open` and are known not to have been made. */
export const guardSender = (sender: MessageSender, breaker: CircuitBreaker): MessageSender => ({
  send: (message, signal) => breaker.run(() => sender.send(message, signal), signal),
});

/** Opens after five failures in a row; a message that is refused for good is no failure of the provider. */
export const createSenderBreaker = (
  channel: Channel,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): CircuitBreaker => {
  const open = metrics.gauge({
    name: "tandem_notification_circuit_open",
    help: "1 while the provider of a channel is left alone because it keeps failing",
    labels: ["channel"],
  });
  open.set({ channel }, 0);
  return createCircuitBreaker({
    name: `${channel} provider`,
    counts: (error) => !isAppError(error) || error.retryable,
    onStateChange: (state) => {
      open.set({ channel }, state === "closed" ? 0 : 1);
      log.warn({ state, channel }, "a provider's circuit changed");
    },
  });
};
