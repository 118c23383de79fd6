import type { Command } from "commander";
import { runWithDapr } from "../dapr/run-with-dapr.ts";
import { createProgress } from "../progress.ts";
import { otlpOption, portOffsetOption } from "./common-options.ts";
import { runUntilStopped } from "./run-until-stopped.ts";

interface DaprFlags {
  readonly demo: boolean;
  readonly reset?: boolean;
  readonly portOffset: number;
  readonly logLevel: string;
  readonly otlp?: string;
}

export const addDaprCommand = (program: Command): void => {
  program
    .command("dapr")
    .description("the same with real daprd sidecars: a process per binary, started by dapr run -f (npm run dapr)")
    .option("--no-demo", "do not place the demonstration order")
    .option("--reset", "forget all data first")
    .addOption(portOffsetOption())
    .option("--log-level <level>", "of the binaries' logs", "info")
    .addOption(otlpOption())
    .action(({ demo, reset = false, portOffset, logLevel, otlp }: DaprFlags) => {
      const progress = createProgress();
      return runUntilStopped(progress, () =>
        runWithDapr({ demo, reset, portOffset, logLevel, otlpEndpoint: otlp }, progress),
      );
    });
};
