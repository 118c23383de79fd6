import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { customerApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "customer", config: customerApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
