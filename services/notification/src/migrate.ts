import { join } from "node:path";
import { migrationSets, runMigrate } from "@tandem/chassis";

export const migrations = migrationSets({ context: "notification", dir: join(import.meta.dirname, "../migrations") });

if (import.meta.main) process.exitCode = await runMigrate(migrations, process.env, process.argv.slice(2));
