import { apiConfig, workerConfig } from "@tandem/chassis";

export const commonOperationsApiConfig = apiConfig;

export const commonOperationsWorkerConfig = workerConfig;
