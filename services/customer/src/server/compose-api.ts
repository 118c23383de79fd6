import type { ApiConfig, ApiParts, Platform } from "@tandem/chassis";

export const composeApi = (_: Platform<ApiConfig>): ApiParts => ({ services: [] });
