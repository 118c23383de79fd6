import type { Progress } from "../progress.ts";
import type { RunningPlatform } from "../up/up.ts";

/** Starts a platform and keeps it up until Ctrl-C, a signal, or its own failure; a second signal exits at once. */
export const runUntilStopped = async (progress: Progress, start: () => Promise<RunningPlatform>): Promise<void> => {
  const ending = Promise.withResolvers<void>();
  let signals = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      ending.resolve();
    });
  }
  const starting = start();
  const first = await Promise.race([starting, ending.promise]);
  if (!first) progress.say("\nstopping as soon as it is up (once more to exit at once)");
  await using platform = await starting;
  await Promise.race([ending.promise, platform.failed]);
  progress.say("\nstopping (once more to exit at once)");
};
