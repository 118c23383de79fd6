import { fileURLToPath } from "node:url";
import type { MigrationSet } from "@tandem/postgres";

/** Outbox, inbox and dead letters, in schema `tandem`. */
export const messagingMigrations: MigrationSet = {
  name: "messaging",
  dir: fileURLToPath(new URL("../migrations", import.meta.url)),
};
