import { apiConfig, workerConfig } from "@tandem/chassis";

export const shippingApiConfig = apiConfig;

export const shippingWorkerConfig = workerConfig;
