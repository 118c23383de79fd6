import type { Command } from "commander";
import { createProgress } from "../progress.ts";
import { up } from "../up/up.ts";
import { otlpOption, portOffsetOption } from "./common-options.ts";
import { runUntilStopped } from "./run-until-stopped.ts";

interface UpFlags {
  readonly demo: boolean;
  readonly reset?: boolean;
  readonly portOffset: number;
  readonly only?: string;
  readonly processes?: boolean;
  readonly logLevel: string;
  readonly otlp?: string;
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
    .addOption(otlpOption())
    .action(({ demo, reset = false, portOffset, only, processes = false, logLevel, otlp }: UpFlags) => {
      const progress = createProgress();
      const names = only?.split(",").map((name) => name.trim());
      return runUntilStopped(progress, () =>
        up({ demo, reset, portOffset, only: names, processes, logLevel, otlpEndpoint: otlp }, progress),
      );
    });
};
