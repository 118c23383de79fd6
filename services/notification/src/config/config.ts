import { apiConfig, workerConfig } from "@tandem/chassis";

export const notificationApiConfig = apiConfig;

export const notificationWorkerConfig = workerConfig;
