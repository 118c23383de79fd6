import type { Platform, WorkerConfig, WorkerParts } from "@tandem/chassis";

export const composeWorker = (_: Platform<WorkerConfig>): WorkerParts => ({});
