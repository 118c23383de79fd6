import { openStateDir, type RunningPlatform } from "./state-dir.ts";

/** @throws Error that says how to start one */
export const findRunning = async (offset: number): Promise<RunningPlatform> => {
  const running = await (await openStateDir(offset)).running();
  if (running) return running;
  const where = offset === 0 ? "" : ` at --port-offset ${offset}`;
  throw new Error(`no platform is running${where}: start one with npm start, or npm run dapr`);
};
