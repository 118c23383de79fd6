import type { ApiParts, Platform } from "@tandem/chassis";
import { TimelineService } from "@tandem/contracts/common-operations";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import type { commonOperationsApiConfig } from "../config/config.ts";
import { makeTimelineReader } from "../data/timeline-reader.ts";
import { makeTimelineHandlers } from "../service/timeline-handlers.ts";

export const composeApi = ({ database }: Platform<z.output<typeof commonOperationsApiConfig>>): ApiParts => ({
  services: [registerService(TimelineService, makeTimelineHandlers({ timeline: makeTimelineReader(database) }))],
});
