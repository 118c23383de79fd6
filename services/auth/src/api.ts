import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { authApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "auth", config: authApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
