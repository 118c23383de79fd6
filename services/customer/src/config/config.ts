import { apiConfig, workerConfig } from "@tandem/chassis";

export const customerApiConfig = apiConfig;

export const customerWorkerConfig = workerConfig;
