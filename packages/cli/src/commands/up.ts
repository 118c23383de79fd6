import type { Command } from "commander";
import { createProgress } from "../progress.ts";
import { up } from "../up/up.ts";
import { portOffsetOption } from "./port-offset.ts";

interface UpFlags {
  readonly demo: boolean;
  readonly reset?: boolean;
  readonly portOffset: number;
  readonly only?: string;
  readonly processes?: boolean;
  readonly logLevel: string;
}

export const addUpCommand = (program: Command): void => {
  program
    .command("up")
    .description("Postgres, sidecars, all APIs and workers, a small shop and one order to its end (npm start)")
    .option("--no-demo", "do not place the demonstration order")
    .option("--reset", "forget all data first")
    .addOption(portOffsetOption())
    .option("--only <contexts>", "only these and those that they call: order,payment")
    .option("--processes", "one operating-system process per binary, as in production")
    .option("--log-level <level>", "of the binaries' logs in .tandem/", "info")
    .action(async (flags: UpFlags) => {
      const ending = Promise.withResolvers<void>();
      let signals = 0;
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(name, () => {
          signals += 1;
          if (signals > 1) process.exit(1);
          ending.resolve();
        });
      }
      const progress = createProgress();
      const starting = up(
        {
          demo: flags.demo,
          reset: flags.reset ?? false,
          portOffset: flags.portOffset,
          only: flags.only?.split(",").map((name) => name.trim()),
          processes: flags.processes ?? false,
          logLevel: flags.logLevel,
        },
        progress,
      );
      const first = await Promise.race([starting, ending.promise]);
      if (!first) progress.say("\nstopping as soon as it is up (once more to exit at once)");
      await using platform = await starting;
      await Promise.race([ending.promise, platform.failed]);
      progress.say("\nstopping (once more to exit at once)");
    });
};
