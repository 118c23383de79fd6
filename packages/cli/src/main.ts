import { Command } from "commander";
import { addDaprCommand } from "./commands/dapr.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDlqCommand } from "./commands/dlq.ts";
import { addJobsCommand } from "./commands/jobs.ts";
import { addPublishCommand } from "./commands/publish.ts";
import { addTokenCommand } from "./commands/token.ts";
import { addUpCommand } from "./commands/up.ts";

/** What a person did wrong, or cannot help: one line, no stack. */
const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const program = new Command("tandem")
  .description("Runs and operates Tandem on this machine")
  .showHelpAfterError()
  .configureHelp({ sortSubcommands: true });
for (const add of [
  addUpCommand,
  addDaprCommand,
  addDemoCommand,
  addPublishCommand,
  addDlqCommand,
  addJobsCommand,
  addTokenCommand,
])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`tandem: ${explain(error)}\n`);
  process.exitCode = 1;
}
// Clients keep their connections open for a while: nothing is left to wait for.
process.exit();
