import { apiConfig, workerConfig } from "@tandem/chassis";

export const searchApiConfig = apiConfig;

export const searchWorkerConfig = workerConfig;
