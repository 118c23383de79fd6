import { apiConfig, workerConfig } from "@tandem/chassis";

export const fulfillmentApiConfig = apiConfig;

export const fulfillmentWorkerConfig = workerConfig;
