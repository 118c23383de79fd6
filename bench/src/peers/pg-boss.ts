import { newId } from "@tandem/kernel";
import { PgBoss } from "pg-boss";
import { payloadOf } from "../load.ts";

/** Jobs per second that pg-boss runs of a backlog, the handler doing nothing. */
export const measurePgBoss = async (url: string, jobs: number, tuned: boolean): Promise<number> => {
  const boss = new PgBoss({ connectionString: url, max: 10 });
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue("nothing");
  for (let at = 0; at < jobs; at += 1_000) {
    await boss.insert(
      "nothing",
      Array.from({ length: Math.min(1_000, jobs - at) }, () => ({ data: payloadOf(newId()) })),
    );
  }
  const done = Promise.withResolvers<void>();
  let ran = 0;
  const handle = async (batch: readonly unknown[]) => {
    ran += batch.length;
    if (ran >= jobs) done.resolve();
  };
  const startedAt = performance.now();
  const workers = tuned ? 8 : 1;
  // pg-boss polls at most every half second: its rate is what its settings allow, batch by batch.
  const options = tuned ? { batchSize: 1_000, pollingIntervalSeconds: 0.5 } : { batchSize: 1 };
  for (let worker = 0; worker < workers; worker += 1) await boss.work("nothing", options, handle);
  // At its defaults (one job every two seconds) the backlog would take hours: its first seconds tell the rate.
  const enough = new Promise<void>((resolve) => setTimeout(resolve, tuned ? 120_000 : 20_000));
  await Promise.race([done.promise, enough]);
  const perSecond = (ran * 1_000) / (performance.now() - startedAt);
  await boss.stop({ graceful: false, close: true });
  return perSecond;
};
