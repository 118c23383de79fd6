import { DBOS } from "@dbos-inc/dbos-sdk";
import { newId } from "@tandem/kernel";
import { payloadOf, rate } from "../load.ts";

/** Workflows of three steps per second, each step recorded: what DBOS does where we run a saga of three steps. */
export const measureDbos = async (
  url: string,
  ms: number,
  rounds: number,
  tuned: boolean,
): Promise<readonly number[]> => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    logLevel: "error",
    runAdminServer: false,
    ...(tuned ? { systemDatabasePoolSize: 40 } : {}),
  });
  const step = async () => payloadOf(newId());
  const workflow = DBOS.registerWorkflow(
    async () => {
      await DBOS.runStep(step, { name: "one" });
      await DBOS.runStep(step, { name: "two" });
      await DBOS.runStep(step, { name: "three" });
    },
    { name: tuned ? "three-tuned" : "three" },
  );
  await DBOS.launch();
  try {
    await rate(16, 1_000, () => workflow());
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) samples.push(await rate(tuned ? 32 : 16, ms, () => workflow()));
    return samples;
  } finally {
    await DBOS.shutdown();
  }
};
