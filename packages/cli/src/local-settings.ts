import type { ContextName } from "@tandem/contracts";

/**
 * What is different on a laptop: simulated crews, carriers and providers at a speed that a person can watch. For both binaries of a
 * context; each reads what its configuration names. In production these are absent: people and real carriers do the work.
 */
export const localSettings: Readonly<Partial<Record<ContextName, Readonly<Record<string, string>>>>> = {
  fulfillment: { CREW_DELAY_MS: "50" },
};
