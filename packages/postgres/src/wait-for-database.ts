import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import pg from "pg";
import { isConnectionLoss } from "./errors.ts";

export interface WaitForDatabaseOptions {
  readonly url: string;
  /** Default 60 000; 0 asks once. */
  readonly timeoutMs?: number;
  readonly log?: Logger;
}

/**
 * Waits until the server takes a connection: in a cluster everything starts at once. A wrong password or a database that is not there are
 * answers, and thrown at once.
 * @throws AppError unavailable `postgres.unavailable` when the time is over
 */
export const waitForDatabase = async ({ url, timeoutMs = 60_000, log }: WaitForDatabaseOptions): Promise<void> => {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    const left = timeoutMs - (performance.now() - startedAt);
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: Math.max(1_000, Math.min(left, 5_000)),
    });
    client.on("error", () => {});
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (!isConnectionLoss(cause)) throw cause;
      if (performance.now() - startedAt >= timeoutMs) {
        const seconds = Math.round(timeoutMs / 1_000);
        throw new AppError("unavailable", "postgres.unavailable", `The database cannot be reached for ${seconds} s`, {
          cause,
        });
      }
      if (attempt === 1) log?.info({ err: cause }, "waiting for the database");
    } finally {
      await client.end().catch(() => {});
    }
    await sleep(Math.min(2_000, 100 * 2 ** Math.min(attempt, 5)));
  }
};
