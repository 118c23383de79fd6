import type { Platform, WorkerParts } from "@tandem/chassis";
import type { z } from "zod";
import type { commonOperationsWorkerConfig } from "../config/config.ts";
import { makeTimelineStore } from "../data/timeline-store.ts";
import { timelineConsumers } from "./event/timeline-consumers.ts";

export const composeWorker = ({
  database,
  clock,
}: Platform<z.output<typeof commonOperationsWorkerConfig>>): WorkerParts => ({
  consumers: timelineConsumers({ timeline: makeTimelineStore(database), clock }),
});
