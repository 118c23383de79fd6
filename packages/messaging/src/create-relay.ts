import { randomUUID } from "node:crypto";
import { AppError } from "@tandem/kernel";
import type { ContinuousWorker } from "@tandem/runtime";
import { createBrokerCircuit } from "./broker-circuit.ts";
import { type Batch, createClaimer } from "./claim-batch.ts";
import { housekeepOutbox } from "./housekeep-outbox.ts";
import { createPatience } from "./publish-patience.ts";
import { createRelayMetrics } from "./relay-metrics.ts";
import { type RelayOptions, settleRelay } from "./relay-options.ts";
import { openRelaySession } from "./relay-session.ts";
import { createBatchRunner } from "./run-batch.ts";
import { createSleeper } from "./sleeper.ts";
import { onLocalWake } from "./wake.ts";

/** Events of the batch that tries whether the broker is back: several, so that one that always fails cannot hide that it is. */
const PROBE_SIZE = 10;
const FIRST_POLL_MS = 10;
const BUSY_MS = 3;
const DATABASE_RETRY_MS = 250;

/**
 * Publishes what the outbox holds. Claims a batch in one short statement, publishes it outside of any transaction, marks it
 * in one statement that only the holder of its lease can make. At least once, in order within an aggregate, any number of
 * relays at a time. Also makes and drops the partitions of the payload table.
 */
export const createRelay = (options: RelayOptions): ContinuousWorker => {
  const { database, log } = options;
  const settings = settleRelay(options);
  const relayId = `${database.name}/${randomUUID()}`;
  const metrics = options.metrics && createRelayMetrics(database, options.metrics);
  const circuit = createBrokerCircuit({
    minPauseMs: settings.outageMinPauseMs,
    maxPauseMs: settings.outageMaxPauseMs,
    random: settings.random,
  });
  const patience = createPatience(settings);
  const sleeper = createSleeper();
  const session = openRelaySession(database, sleeper.wake);
  const claim = createClaimer({ ...settings, session, relayId, patience });
  const runBatch = createBatchRunner({
    ...options,
    settings,
    relayId,
    session,
    circuit,
    patience,
    metrics,
    isStopping: () => stopping,
  });
  /** By the token of their lease. */
  const inFlight = new Map<string, Promise<unknown>>();
  let stopping = false;
  let looping: Promise<void> | undefined;
  let housekeeping: Promise<void> | undefined;
  let stopLocal: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastTurnAt = performance.now();
  let lastError: unknown;
  /** The last claim looked at all that waits. */
  let seenAll = true;
  /** The last claim saw something that waits for a batch in flight: whichever ends first is followed by another look. */
  let blocked = false;
  /** There was no room when it was to look. */
  let crowded = false;
  /** Batches that have ended so far. */
  let ended = 0;
  let signal = new AbortController().signal;

  /** @param more it does not hold all that was free when it was claimed */
  const launch = (batch: Batch, more: boolean): void => {
    const run = runBatch(batch, signal)
      .catch((error: unknown) => {
        log?.error({ err: error, token: batch.token }, "a batch was given up; its lease will run out");
        return false;
      })
      .then((allOut) => {
        inFlight.delete(batch.token);
        ended += 1;
        // What was committed meanwhile has woken the relay itself, and what that look found to be held back by us is `blocked`.
        if (more || crowded || !allOut || blocked) sleeper.wake();
      });
    inFlight.set(batch.token, run);
  };

  /** One look at the queue. @returns how long to sleep before the next, unless woken; undefined: as long as the idle says */
  const turn = async (): Promise<number | undefined> => {
    if (circuit.state === "open") return circuit.pauseMs;
    const probing = circuit.state === "half_open";
    crowded = inFlight.size >= (probing ? 1 : settings.pipeline);
    if (crowded) return settings.maxPollMs;
    await settings.faultPoint("before-claim");
    const endedAtClaim = ended;
    const limit = probing ? PROBE_SIZE : settings.batchSize;
    const { outcome, batch, recovered, parked, cut, ...seen } = await claim(limit, [...inFlight.keys()]);
    seenAll = !cut;
    blocked = seen.blocked;
    // What it waits for has ended while the claim was on its way.
    if (blocked && ended > endedAtClaim) sleeper.wake();
    if (recovered > 0) {
      metrics?.recovered.inc(recovered);
      log?.warn({ recovered, parked }, "took over events that were in flight when their relay died");
    }
    switch (outcome) {
      case "claimed":
      case "alone": {
        await settings.faultPoint("after-claim");
        if (!batch) return 0;
        const more = batch.alone || probing || cut || batch.events.length >= Math.min(limit, settings.maxRun);
        launch(batch, more);
        if (batch.alone || probing) await Promise.all(inFlight.values());
        // A claim that took all that waits need not be followed by another one.
        return more ? 0 : undefined;
      }
      case "suspects":
        await Promise.all(inFlight.values());
        return 0;
      case "busy":
        return BUSY_MS * (0.5 + settings.random());
      case "empty":
        return undefined;
    }
  };

  const loop = async (): Promise<void> => {
    let idleMs = FIRST_POLL_MS;
    while (!stopping) {
      lastTurnAt = performance.now();
      let pauseMs: number | undefined;
      try {
        pauseMs = await turn();
        lastError = undefined;
      } catch (error) {
        if (stopping) break;
        if (lastError === undefined) log?.error({ err: error }, "the outbox cannot be read; trying again");
        lastError = error;
        pauseMs = DATABASE_RETRY_MS * (0.5 + settings.random());
      }
      // Who listens is told of every commit, and polls for retries and for what dead relays left only; not in step with the other relays.
      const unheardMs = session.listening && seenAll ? settings.maxPollMs * (0.7 + 0.3 * settings.random()) : idleMs;
      const woken = await sleeper.sleep(pauseMs ?? unheardMs);
      idleMs = woken || pauseMs === 0 ? FIRST_POLL_MS : Math.min(idleMs * 2, settings.maxPollMs);
    }
    await Promise.all(inFlight.values());
  };

  const housekeep = async (): Promise<void> => {
    try {
      const { made, dropped } = await housekeepOutbox(database, settings);
      if (made > 0 || dropped.length > 0) log?.info({ made, dropped }, "outbox partitions made and dropped");
    } catch (error) {
      log?.warn({ err: error }, "outbox housekeeping failed; trying again later");
    }
    if (stopping) return;
    timer = setTimeout(() => {
      housekeeping = housekeep();
    }, settings.housekeepingEveryMs);
    timer.unref();
  };

  return {
    name: "outbox-relay",
    kind: "outbox",
    start: async (workSignal) => {
      workSignal.throwIfAborted();
      if (looping) throw new AppError("internal", "relay.started_twice", "The relay runs already");
      signal = workSignal;
      stopLocal = onLocalWake(database, sleeper.wake);
      housekeeping = housekeep();
      looping = loop();
    },
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      stopLocal?.();
      sleeper.wake();
      await looping;
      await session.close();
      await housekeeping;
      metrics?.stopScrape();
    },
    healthCheck: async () => {
      if (!looping) throw new AppError("unavailable", "relay.not_running", "The relay has not been started");
      const stillMs = performance.now() - lastTurnAt;
      if (stillMs > patience.terms.leaseMs + settings.maxPollMs)
        throw new AppError(
          "unavailable",
          "relay.stuck",
          `The relay has not looked at the outbox for ${Math.round(stillMs)} ms`,
        );
      if (lastError)
        throw new AppError("unavailable", "relay.database_failing", "The outbox cannot be read", { cause: lastError });
    },
  };
};
