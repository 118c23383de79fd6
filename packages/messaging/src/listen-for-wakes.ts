import type { Database } from "@tandem/postgres";
import type { Logger } from "@tandem/runtime";
import pg from "pg";
import { WAKE_CHANNEL } from "./wake.ts";

const RECONNECT_MS = 1_000;

/** A connection of its own that LISTENs, and comes back when it is lost. */
export const listenForWakes = (database: Database, onWake: () => void, log: Logger | undefined) => {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let healthy = false;
  let connecting: Promise<void> | undefined;

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: database.url,
      application_name: `${database.name} listen`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client = next;
    const lose = (err?: Error): void => {
      if (client !== next) return;
      client = undefined;
      healthy = false;
      next.end().catch(() => {});
      if (stopped) return;
      log?.debug({ err }, "the outbox listener lost its connection; polling meanwhile");
      timer = setTimeout(open, RECONNECT_MS);
      timer.unref();
    };
    next.on("error", lose);
    next.on("end", () => lose());
    next.on("notification", onWake);
    try {
      await next.connect();
      await next.query(`listen ${WAKE_CHANNEL}`);
      healthy = client === next;
      // What was committed while nobody listened.
      onWake();
    } catch (error) {
      lose(error as Error);
    }
  };
  const open = (): void => {
    connecting = connect();
  };
  open();

  return {
    get healthy() {
      return healthy;
    },
    stop: async (): Promise<void> => {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      const last = client;
      client = undefined;
      await last?.end().catch(() => {});
    },
  };
};
