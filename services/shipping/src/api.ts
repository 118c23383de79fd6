import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { shippingApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({ context: "shipping", config: shippingApiConfig, compose: composeApi });

if (import.meta.main) await runBinary((env) => startApi(env));
