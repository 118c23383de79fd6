import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import { Cron } from "croner";
import type { AppChannel } from "./connect-to-app.ts";
import type { Component } from "./load-components.ts";

export interface CronBindings extends Disposable {
  readonly names: readonly string[];
}

/**
 * Calls the app when a schedule fires, as daprd's cron binding does: in local time unless the schedule names a zone,
 * without waiting for the run before, without a second try. @throws AppError `sidecar.schedule_invalid`
 */
export const runCronBindings = (bindings: readonly Component[], channel: AppChannel, log: Logger): CronBindings => {
  const crons = bindings.map(({ name, metadata }) => {
    const fire = async (): Promise<void> => {
      const request = { name, metadata: { readTimeUTC: goTime(new Date()), timeZone: "Local" } };
      try {
        await channel.callback.onBindingEvent(request, { headers: channel.tokenHeaders });
      } catch (error) {
        log.debug({ err: error, binding: name }, "binding event failed");
      }
    };
    return schedule(name, metadata["schedule"] ?? "", fire);
  });
  return {
    names: bindings.map(({ name }) => name),
    [Symbol.dispose]: () => {
      for (const cron of crons) cron.stop();
    },
  };
};

/** Six fields, with the time zone in front as Go's cron has it: `CRON_TZ=UTC 0 * * * * *`. Without one: local time. */
const schedule = (name: string, text: string, fire: () => Promise<void>): Cron => {
  const [, timezone, expression = text] = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text) ?? [];
  try {
    return new Cron(expression, timezone === undefined ? {} : { timezone }, () => void fire());
  } catch (cause) {
    throw new AppError("invalid_argument", "sidecar.schedule_invalid", `binding ${name}: schedule "${text}"`, {
      cause,
    });
  }
};

/** How Go prints a time: that is what the real binding sends. */
const goTime = (time: Date): string => time.toISOString().replace("T", " ").replace("Z", " +0000 UTC");
