import { defineWorker, readWorkerMode } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { commonOperationsWorkerConfig } from "./config/config.ts";
import { composeWorker } from "./worker/compose-worker.ts";

export const startWorker = defineWorker({
  context: "common-operations",
  config: commonOperationsWorkerConfig,
  compose: composeWorker,
});

if (import.meta.main) await runBinary((env) => startWorker(env, { mode: readWorkerMode(process.argv) }));
