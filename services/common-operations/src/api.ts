import { defineApi } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { commonOperationsApiConfig } from "./config/config.ts";
import { composeApi } from "./server/compose-api.ts";

export const startApi = defineApi({
  context: "common-operations",
  config: commonOperationsApiConfig,
  compose: composeApi,
});

if (import.meta.main) await runBinary((env) => startApi(env));
