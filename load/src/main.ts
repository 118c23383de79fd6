import { Command } from "commander";
import { addLoadCommand } from "./load-command.ts";
import { addSeedCommand } from "./seed-command.ts";

const program = new Command("tandem-load")
  .description("Fills a platform that runs on this machine, and puts load on it, through its gateway")
  .showHelpAfterError();
addSeedCommand(program);
addLoadCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`tandem: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Clients keep their connections open for a while: nothing is left to wait for.
process.exit();
