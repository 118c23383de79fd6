import pg from "pg";
import { SCHEMA } from "./schema.ts";

export interface StorageOptions {
  readonly databaseUrl: string;
  /** Of each of the two pools: default 4. */
  readonly maxConnections?: number;
  /** Told of each connection to the database, once it is made. */
  readonly onSession?: ((session: pg.ClientBase) => void) | undefined;
}

export interface Storage extends AsyncDisposable {
  readonly pool: pg.Pool;
  /** For claims and acknowledgements: a lost one is a redelivery, which may always happen, and not worth a flush to disk. */
  readonly relaxed: pg.Pool;
  /** Names this process among all that use the database; its claims are released once it is gone. */
  readonly holder: number;
  /** Subscriptions that another process woke. */
  onNotify(listener: (subscriptionIds: readonly number[]) => void): void;
  /** The database went away and is back: a crash may have undone what `relaxed` had been told is done. */
  onReturn(listener: () => void): void;
}

const LOCK_CLASS = 0x7a_de_50;
const CHANNEL = "sidecar_woken";

/** Opens the sidecar's database: makes its tables, takes an identity, frees what dead processes had claimed. */
export const openStorage = async ({
  databaseUrl,
  maxConnections = 4,
  onSession = () => undefined,
}: StorageOptions): Promise<Storage> => {
  const base = { connectionString: databaseUrl, max: maxConnections, application_name: "embedded-sidecar" };
  // Statements go out without waiting for the answer to the one before: BEGIN costs no round trip of its own.
  const pool = new pg.Pool({ ...base, pipeline: true });
  const relaxed = new pg.Pool({ ...base, options: "-c synchronous_commit=off" });
  // A pool throws away an idle connection that broke; the next query opens another.
  for (const one of [pool, relaxed]) {
    one.on("error", () => undefined);
    one.on("connect", onSession);
  }
  const close = () => Promise.all([pool.end(), relaxed.end()]);
  await pool.query(SCHEMA);
  const listeners: ((subscriptionIds: readonly number[]) => void)[] = [];
  const holder = 1 + Math.floor(Math.random() * 0x7f_ff_ff_fe);
  const returnListeners: (() => void)[] = [];
  const presence = keepPresent(databaseUrl, holder, {
    onPayload: (payload) => {
      const ids = payload.split(",").map(Number);
      for (const listener of listeners) listener(ids);
    },
    onReturn: () => {
      for (const listener of returnListeners) listener();
    },
  });
  try {
    await presence.connected;
    await releaseOfTheDead(pool);
  } catch (error) {
    await presence.stop();
    await close();
    throw error;
  }
  return {
    pool,
    relaxed,
    holder,
    onNotify: (listener) => listeners.push(listener),
    onReturn: (listener) => returnListeners.push(listener),
    [Symbol.asyncDispose]: async () => {
      await presence.stop();
      await close();
    },
  };
};

/** An advisory lock lives exactly as long as its session: whoever holds one is alive. */
const releaseOfTheDead = (pool: pg.Pool): Promise<unknown> =>
  pool.query(
    `UPDATE sidecar.delivery SET holder = NULL, due_at = now()
     WHERE holder IS NOT NULL
       AND holder NOT IN (SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = $1)`,
    [LOCK_CLASS],
  );

/** One connection that holds the lock and listens; made anew when it breaks. */
const keepPresent = (
  databaseUrl: string,
  holder: number,
  { onPayload, onReturn }: { readonly onPayload: (payload: string) => void; readonly onReturn: () => void },
) => {
  let client: pg.Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: databaseUrl, application_name: "embedded-sidecar listener" });
    let established = false;
    next.on("error", () => undefined); // "end" follows
    next.on("end", () => {
      if (established && !stopped) retry();
    });
    next.on("notification", ({ payload }) => {
      if (payload !== undefined && payload !== "") onPayload(payload);
    });
    client = next;
    await next.connect();
    await next.query("SELECT pg_advisory_lock($1, $2)", [LOCK_CLASS, holder]);
    await next.query(`LISTEN ${CHANNEL}`);
    established = true;
  };

  const retry = () => {
    timer = setTimeout(() => {
      connect().then(onReturn, () => {
        if (!stopped) retry();
      });
    }, 200);
  };

  return {
    connected: connect(),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
};

/** Outside of any transaction: a NOTIFY inside of one takes a global lock at commit. */
export const notifyOthers = (pool: pg.Pool, subscriptionIds: readonly number[]): Promise<unknown> =>
  pool.query("SELECT pg_notify($1, $2)", [CHANNEL, subscriptionIds.join(",")]);
