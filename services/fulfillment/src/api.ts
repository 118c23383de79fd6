import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { fulfillmentApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "fulfillment", config: fulfillmentApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
