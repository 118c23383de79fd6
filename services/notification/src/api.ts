import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { notificationApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "notification", config: notificationApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
