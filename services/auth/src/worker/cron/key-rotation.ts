import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeRotateKeys } from "../../biz/rotate-keys.ts";

/** Every hour: gives an old signing key its successor, and withdraws keys whose last token has expired. */
export const keyRotation = ({
  rotateKeys,
}: {
  readonly rotateKeys: ReturnType<typeof makeRotateKeys> | undefined;
}): CronJob =>
  defineCronJob({
    name: "auth.key-rotation",
    description: "Publishes the next signing key ahead of its time, and withdraws those that no token needs",
    schedule: "0 40 * * * *",
    timeoutMs: 60_000,
    run: async ({ signal, log }) => {
      if (rotateKeys === undefined) throw new Error("AUTH_KEY_ENCRYPTION_KEY is not set: no key can be sealed");
      const { created, withdrawn } = await rotateKeys({}, signal);
      if (created !== undefined) log.info({ kid: created }, "a new signing key is published");
      if (withdrawn.length > 0) log.info({ kids: withdrawn }, "signing keys are withdrawn");
      return { created: created ?? null, withdrawn: withdrawn.length };
    },
  });
