import { serviceCatalogue } from "@tandem/contracts";
import { localSecrets } from "./local-secrets.ts";
import { openPeople, type People } from "./people.ts";
import { authUrl, postgresPort } from "./platform-plan.ts";
import { openStateDir, type RunningPlatform } from "./state-dir.ts";

export type { People } from "./people.ts";
export type { RunningPlatform } from "./state-dir.ts";

export interface FoundPlatform extends RunningPlatform {
  readonly people: People;
  readonly passwordOf: (email: string) => string;
  /** By name, for looking into them. */
  databaseUrls(): Promise<ReadonlyMap<string, string>>;
}

/** @param peopleAt where people log in; default auth's own address @throws Error that says how to start one */
export const findRunning = async (offset: number, peopleAt = authUrl(offset)): Promise<FoundPlatform> => {
  const state = await openStateDir(offset);
  const running = await state.running();
  if (running) {
    const secret = await state.secret("platform");
    return {
      ...running,
      people: openPeople(peopleAt, secret),
      passwordOf: localSecrets(secret).passwordOf,
      databaseUrls: async () => {
        const urls = new Map<string, string>();
        const named = [
          ...serviceCatalogue.map(({ database, databaseUser }) => [database, databaseUser] as const),
          running.mode === "embedded"
            ? (["sidecar_db", "sidecar_svc"] as const)
            : (["dapr_state_db", "dapr_state_svc"] as const),
        ];
        for (const [database, user] of named) {
          const password = encodeURIComponent(await state.secret(user));
          urls.set(database, `postgres://${user}:${password}@127.0.0.1:${postgresPort(offset)}/${database}`);
        }
        return urls;
      },
    };
  }
  const where = offset === 0 ? "" : ` at --port-offset ${offset}`;
  throw new Error(`no platform is running${where}: start one with npm start, or npm run dapr`);
};
