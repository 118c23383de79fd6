import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { warehouseApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "warehouse", config: warehouseApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
