import { createHash, createHmac } from "node:crypto";
import { serviceCatalogue } from "@tandem/contracts";

/** The operator that auth knows from the start, on a laptop: staff and operator in one. */
export const OPERATOR_EMAIL = "operator@tandem.local";

/** Everything secret of a platform on this machine, from the one secret of its state folder. Pure. */
export const localSecrets = (master: string) => {
  const derive = (purpose: string) => createHmac("sha256", master).update(purpose).digest("hex");
  const operatorPassword = derive("operator").slice(0, 32);
  const clientSecretOf = (appId: string) => derive(`client:${appId}`);
  return {
    operatorPassword,
    passwordOf: (email: string) => derive(`password:${email}`).slice(0, 32),
    /** What a binary shows to auth for a token of its own. */
    clientSecretOf,
    /** For both binaries of auth. */
    authSettings: (): Readonly<Record<string, string>> => ({
      AUTH_KEY_ENCRYPTION_KEY: derive("key encryption"),
      AUTH_SERVICE_CLIENTS: JSON.stringify(
        Object.fromEntries(
          [...serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]), "gateway"].map(
            (appId) => [appId, [createHash("sha256").update(clientSecretOf(appId)).digest("hex")]],
          ),
        ),
      ),
      AUTH_BOOTSTRAP_EMAIL: OPERATOR_EMAIL,
      AUTH_BOOTSTRAP_PASSWORD: operatorPassword,
      // One address holds all of a laptop's people, and nobody who measures time.
      LOGINS_PER_MINUTE: "100000",
      REGISTRATIONS_PER_MINUTE: "100000",
      ANSWER_FLOOR_MS: "0",
      // A thousand customers who register at once wait for each other, and are not sent away.
      ARGON2_QUEUE: "2000",
    }),
  };
};
