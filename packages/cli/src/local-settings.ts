import type { ContextName } from "@tandem/contracts";

/** The operator that auth knows from the start, on a laptop: staff and operator in one. */
export const OPERATOR_EMAIL = "operator@tandem.local";

/**
 * What is different on a laptop: simulated crews, carriers and providers at a speed that a person can watch. For both binaries of a
 * context; each reads what its configuration names. In production these are absent: people and real carriers do the work.
 */
export const localSettings: Readonly<Partial<Record<ContextName | "gateway", Readonly<Record<string, string>>>>> = {
  notification: {
    UNSUBSCRIBE_SECRET: "known-to-everybody-on-this-laptop",
    ABANDONED_CART_IDLE_MS: "600000",
    SEND_RETRY_DELAY_MS: "500",
  },
  auth: {
    AUTH_BOOTSTRAP_EMAIL: OPERATOR_EMAIL,
    // One address holds all of a laptop's people, and nobody who measures time.
    LOGINS_PER_MINUTE: "100000",
    REGISTRATIONS_PER_MINUTE: "100000",
    ANSWER_FLOOR_MS: "0",
    // A thousand customers who register at once wait for each other, and are not sent away.
    ARGON2_QUEUE: "2000",
  },
  // All callers of a laptop have one address.
  gateway: {
    RATE_READ_PER_SECOND: "3000",
    RATE_WRITE_PER_SECOND: "1000",
    RATE_AUTH_PER_SECOND: "100",
    RATE_OTHER_PER_SECOND: "200",
  },
  fulfillment: { CREW_DELAY_MS: "50" },
  shipping: { CARRIER_CALL_MS: "10", CARRIER_TRANSIT_MS: "200", TRACKING_INTERVAL_MS: "110" },
};
