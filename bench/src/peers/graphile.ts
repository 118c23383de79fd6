import { newId } from "@tandem/kernel";
import { makeWorkerUtils, type RunnerOptions, run } from "graphile-worker";
import { payloadOf } from "../load.ts";

/** Jobs per second that graphile-worker runs of a backlog, the task doing nothing. */
export const measureGraphile = async (url: string, jobs: number, tuned: boolean): Promise<number> => {
  const { Logger } = await import("graphile-worker");
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  for (let at = 0; at < jobs; at += 1_000) {
    await utils.addJobs(
      Array.from({ length: Math.min(1_000, jobs - at) }, () => ({
        identifier: "nothing",
        payload: payloadOf(newId()),
      })),
    );
  }
  const done = Promise.withResolvers<void>();
  let ran = 0;
  const options: RunnerOptions = {
    connectionString: url,
    logger,
    noHandleSignals: true,
    taskList: {
      nothing: async () => {
        ran += 1;
        if (ran === jobs) done.resolve();
      },
    },
    ...(tuned
      ? {
          concurrency: 24,
          maxPoolSize: 10,
          preset: {
            worker: {
              localQueue: { size: 500 },
              completeJobBatchDelay: 0,
              failJobBatchDelay: 0,
            },
          },
        }
      : {}),
  };
  const startedAt = performance.now();
  const runner = await run(options);
  await done.promise;
  const perSecond = (jobs * 1_000) / (performance.now() - startedAt);
  await runner.stop();
  await utils.release();
  return perSecond;
};
