import { localPorts, serviceCatalogue } from "@tandem/contracts";
import { localSecrets } from "../local-secrets.ts";
import { openPeople } from "../people.ts";
import { gatewayUrl, postgresPort } from "../platform-plan.ts";
import { openStateDir } from "../state-dir.ts";
import type { Platform } from "./platform.ts";

/** What `npm start` or `npm run dapr` started on this machine. @throws Error that says how to start one */
export const openLocalPlatform = async (offset: number): Promise<Platform> => {
  const state = await openStateDir(offset);
  const running = await state.running();
  if (!running) {
    const where = offset === 0 ? "" : ` at --port-offset ${offset}`;
    throw new Error(
      `no platform is running${where}: start one with npm start, or npm run dapr; one in a cluster is found with --platform kubernetes`,
    );
  }
  const secret = await state.secret("platform");
  const url = gatewayUrl(offset);
  const urlOf = async (database: string, user: string) => {
    const password = encodeURIComponent(await state.secret(user));
    return `postgres://${user}:${password}@127.0.0.1:${postgresPort(offset)}/${database}`;
  };
  return {
    gatewayUrl: url,
    mode: running.mode,
    pid: running.pid,
    people: openPeople(url, secret),
    passwordOf: localSecrets(secret).passwordOf,
    contexts: async () => running.contexts,
    sidecarOf: async (appId) => {
      const entry = serviceCatalogue.find(({ apiAppId, workerAppId }) => appId === apiAppId || appId === workerAppId);
      if (!entry) throw new Error(`there is no app ${appId}`);
      const { api, worker } = localPorts(entry, offset);
      const { http } = (appId === entry.apiAppId ? api : worker).sidecar;
      return { url: `http://127.0.0.1:${http}`, headers: {} };
    },
    books: async () => ({
      urls: new Map(
        await Promise.all(
          serviceCatalogue.map(
            async ({ database, databaseUser }) => [database, await urlOf(database, databaseUser)] as const,
          ),
        ),
      ),
      sidecarUrl:
        running.mode === "embedded"
          ? await urlOf("sidecar_db", "sidecar_svc")
          : await urlOf("dapr_state_db", "dapr_state_svc"),
    }),
  };
};
