import { parseArgs } from "node:util";
import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import { ensureDatabase, readDatabaseUrl } from "./ensure-database.ts";
import { lintMigrations } from "./lint-migrations.ts";
import { migrate, migrationStatus } from "./migrate.ts";
import type { MigrationSet } from "./migration-files.ts";
import { waitForDatabase } from "./wait-for-database.ts";

export interface MigrateCliOptions {
  readonly url: string;
  /** Of somebody who may create roles and databases: `up` first makes sure that those of `url` exist. */
  readonly adminUrl?: string | undefined;
  /** How long `up`, `down` and `status` wait for a server that is not there yet. Default 0: not at all. */
  readonly waitMs?: number;
  readonly sets: readonly MigrationSet[];
  readonly log?: Logger;
  /** Default: standard output. */
  readonly write?: (text: string) => void;
}

const HELP = `Usage: migrate <command>
  up   [--to <set>/<version>]   apply what is pending (up to that version of that set)
                                with ADMIN_DATABASE_URL: first makes sure that role and database exist
  down [--to <set>/<version>]   undo the last one (or all of that set above that version)
  status [--json]               where each migration stands; exit code 3 when something is pending
  lint                          check the files against the expand/contract rules
`;

/**
 * The command line of `bin/migrate`.
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 `status` found something pending
 */
export const runMigrateCli = async (argv: readonly string[], options: MigrateCliOptions): Promise<number> => {
  const { url, adminUrl, sets, waitMs = 0, log, write = (text) => void process.stdout.write(text) } = options;
  const parsed = parse(argv);
  if (!parsed) {
    write(HELP);
    return 2;
  }
  const { command, to, json } = parsed;
  try {
    const provisions = command === "up" && adminUrl !== undefined;
    if (waitMs > 0 && ["up", "down", "status"].includes(command))
      await waitForDatabase({ url: provisions ? adminUrl : url, timeoutMs: waitMs, ...(log && { log }) });
    if (provisions) {
      const needed = readDatabaseUrl(url);
      await ensureDatabase({ adminUrl, ...needed });
      write(`database ${needed.database} and role ${needed.user} are there\n`);
    }
    switch (command) {
      case "up":
      case "down": {
        const { changed } = await migrate({ url, sets, direction: command, ...(to && { to }), ...(log && { log }) });
        write(changed.length === 0 ? "nothing to do\n" : `${changed.map((name) => `${command} ${name}`).join("\n")}\n`);
        return 0;
      }
      case "status": {
        const rows = await migrationStatus({ url, sets });
        if (json) write(`${JSON.stringify(rows)}\n`);
        else
          for (const { set, version, name, state } of rows)
            write(`${state.padEnd(8)} ${set}/${String(version).padStart(4, "0")}_${name}\n`);
        return rows.some(({ state }) => state === "pending" || state === "edited") ? 3 : 0;
      }
      case "lint": {
        const findings = (await Promise.all(sets.map(({ dir }) => lintMigrations(dir)))).flat();
        for (const { file, line, rule, message } of findings) write(`${file}:${line} ${rule}: ${message}\n`);
        return findings.length === 0 ? 0 : 1;
      }
      default:
        write(HELP);
        return command === "help" ? 0 : 2;
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    write(`${error.code}: ${error.message}\n`);
    return 1;
  }
};

const parse = (argv: readonly string[]) => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { to: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (positionals.length > 1) return undefined;
    const target = values.to === undefined ? undefined : /^([\w-]+)\/(\d+)$/.exec(values.to);
    if (target === null) return undefined;
    const to = target && { set: target[1] ?? "", version: Number(target[2]) };
    return { command: values.help ? "help" : (positionals[0] ?? ""), to, json: values.json === true };
  } catch {
    return undefined;
  }
};
