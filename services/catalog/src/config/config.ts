import { apiConfig, workerConfig } from "@tandem/chassis";

export const catalogApiConfig = apiConfig;
export const catalogWorkerConfig = workerConfig;
