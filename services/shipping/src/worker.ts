import { defineWorker, readWorkerMode } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { shippingWorkerConfig } from "./config/config.ts";
import { composeWorker } from "./worker/compose-worker.ts";

export const startWorker = defineWorker({
  context: "shipping",
  config: shippingWorkerConfig,
  compose: composeWorker,
});

if (import.meta.main) await runBinary((env) => startWorker(env, { mode: readWorkerMode(process.argv) }));
