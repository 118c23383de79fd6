import { wholeNumber, withPlatform } from "@tandem/cli/options";
import type { PlatformFlags } from "@tandem/cli/platform";
import type { Command } from "commander";
import { findPlatform } from "./door.ts";
import { planWorld, type WorldSize } from "./seed/plan-world.ts";
import { seedWorld } from "./seed/seed-world.ts";

export const addSeedCommand = (program: Command): void => {
  withPlatform(program.command("seed"))
    .description("sellers, products with prices and stock, and customers; a second run adds nothing")
    .option("--sellers <n>", "how many", wholeNumber(1, 1_000), 50)
    .option("--products <n>", "of all sellers together", wholeNumber(1, 100_000), 5_000)
    .option("--customers <n>", "with passwords: each costs a slow hash, on purpose", wholeNumber(0, 100_000), 1_000)
    .option("--seed <n>", "the same number is the same shop", wholeNumber(1, 1_000_000), 1)
    .action(async (flags: WorldSize & PlatformFlags) => {
      const startedAt = performance.now();
      const say = (line: string) =>
        process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
      const { door, running } = await findPlatform(flags, 60_000);
      const { added, searchable } = await seedWorld(planWorld(flags), {
        door,
        staffToken: running.people.operator,
        passwordOf: running.passwordOf,
        report: say,
      });
      const news = Object.entries(added).filter(([, count]) => count > 0);
      say(
        news.length === 0
          ? "all was there: nothing added"
          : `added ${news.map(([what, count]) => `${count} ${what}`).join(", ")}`,
      );
      if (!searchable) say("the search does not find the last product yet: its worker is behind, or not there");
    });
};
