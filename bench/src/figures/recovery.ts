import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createOutbox, createRelay, messagingMigrations, outboxBacklog } from "@tandem/messaging";
import { orderEvent } from "../load.ts";
import type { Figure } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";
import { nowhere } from "./outbox.ts";

const LEASE_MS = 5_000;

/** From `kill -9` of a relay that holds a batch to the last of its events published by another: at most its lease and a second. */
export const measureRecovery = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  await using bench = await surroundings.database("recovery", [messagingMigrations]);
  const database = bench.open("recovery", 4);
  const outbox = createOutbox({ database, source: "order" });
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await database.transact((tx) => outbox.in(tx).add(...Array.from({ length: 200 }, () => orderEvent())));
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "hanging-relay.ts"), bench.url, String(LEASE_MS)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    const killedAt = performance.now();
    const relay = createRelay({ database, publisher: nowhere, leaseMs: LEASE_MS });
    await relay.start(new AbortController().signal);
    for (;;) {
      const { pending, leased } = await outboxBacklog(database);
      if (pending + leased === 0) break;
      await sleep(20);
    }
    samples.push(performance.now() - killedAt);
    await relay.stop();
  }
  return [
    {
      name: "relay back after kill -9",
      unit: "ms",
      samples,
      target: { atMost: LEASE_MS + 1_000 },
      note: `lease ${LEASE_MS} ms, 200 events in flight`,
    },
  ];
};
