import { apiConfig, workerConfig } from "@tandem/chassis";

export const authApiConfig = apiConfig;

export const authWorkerConfig = workerConfig;
