import { join } from "node:path";
import { migrationSets, runMigrate } from "@tandem/chassis";
import { sagaMigrations } from "@tandem/saga";

export const migrations = migrationSets({
  context: "order",
  dir: join(import.meta.dirname, "../migrations"),
  also: [sagaMigrations],
});

if (import.meta.main) process.exitCode = await runMigrate(migrations, process.env, process.argv.slice(2));
