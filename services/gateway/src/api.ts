import { defineGateway } from "@tandem/chassis";
import { runBinary } from "@tandem/runtime";
import { gatewayConfig } from "./config/config.ts";
import { composeGateway } from "./server/compose-gateway.ts";

export const startApi = defineGateway({ config: gatewayConfig, compose: composeGateway });

if (import.meta.main) await runBinary((env) => startApi(env));
