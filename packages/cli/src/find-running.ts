import { openPeople, type People } from "./people.ts";
import { authUrl } from "./platform-plan.ts";
import { openStateDir, type RunningPlatform } from "./state-dir.ts";

/** @throws Error that says how to start one */
export const findRunning = async (offset: number): Promise<RunningPlatform & { readonly people: People }> => {
  const state = await openStateDir(offset);
  const running = await state.running();
  if (running) return { ...running, people: openPeople(authUrl(offset), await state.secret("platform")) };
  const where = offset === 0 ? "" : ` at --port-offset ${offset}`;
  throw new Error(`no platform is running${where}: start one with npm start, or npm run dapr`);
};
