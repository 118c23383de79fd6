import { createHash, createHmac } from "node:crypto";
import { serviceCatalogue } from "@tandem/contracts";

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
      AUTH_BOOTSTRAP_PASSWORD: operatorPassword,
    }),
  };
};
