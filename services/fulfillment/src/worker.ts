import { defineWorker, readWorkerMode } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { fulfillmentWorkerConfig } from "./config/config.ts";
import { composeWorker } from "./worker/compose-worker.ts";

export const startWorker = defineWorker({
  context: "fulfillment",
  config: fulfillmentWorkerConfig,
  compose: composeWorker,
});

if (import.meta.main) await runBinary((env) => startWorker(env, { mode: readWorkerMode(process.argv) }));
