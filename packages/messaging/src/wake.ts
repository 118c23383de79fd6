import type { Database } from "@tandem/postgres";

/** Channel on which relays of other processes are woken. */
export const WAKE_CHANNEL = "tandem_outbox";

const NOTIFY_EVERY_MS = 5;
const NOTIFY_AT_LEAST_EVERY_MS = 25;

// By database, because API and worker of one context may share a process and still have a pool each.
const listeners = new Map<string, Set<() => void>>();

const keyOf = ({ url }: Database): string => {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
};
const keys = new WeakMap<Database, string>();
const keyFor = (database: Database): string => {
  const key = keys.get(database) ?? keyOf(database);
  keys.set(database, key);
  return key;
};

/** Calls `listener` after commits of this process. Returns the way to stop it. */
export const onLocalWake = (database: Database, listener: () => void): (() => void) => {
  const key = keyFor(database);
  const set = listeners.get(key) ?? new Set();
  listeners.set(key, set.add(listener));
  return () => {
    set.delete(listener);
    if (set.size === 0 && listeners.get(key) === set) listeners.delete(key);
  };
};

/** Says that something was committed: to the relay of this process at once, or to those of others by NOTIFY. */
export const wakeRelay = (database: Database): void => {
  const local = listeners.get(keyFor(database));
  if (local) for (const listener of local) listener();
  else notifierOf(database)();
};

const notifiers = new WeakMap<Database, () => void>();

const notifierOf = (database: Database): (() => void) => {
  const known = notifiers.get(database);
  if (known) return known;
  const notifier = createNotifier(database);
  notifiers.set(database, notifier);
  return notifier;
};

/**
 * The first call goes out at once, those within 5 ms of it together; while calls keep coming the pause grows to 25 ms, because
 * a relay that always finds something does not sleep. Outside of any transaction: NOTIFY takes a lock that all committing
 * transactions of the server would queue for. A commit that only notifies need not wait for the disk.
 */
const createNotifier = (database: Database): (() => void) => {
  let running = false;
  let again = false;
  const run = async (pauseMs: number): Promise<void> => {
    again = false;
    try {
      await database.pool.query(NOTIFY);
    } catch {
      // The relay polls: a lost notice costs a second, and the pool has told of its trouble already.
    }
    setTimeout(() => {
      if (again) void run(Math.min(pauseMs * 2, NOTIFY_AT_LEAST_EVERY_MS));
      else running = false;
    }, pauseMs).unref();
  };
  return () => {
    again = true;
    if (running) return;
    running = true;
    void run(NOTIFY_EVERY_MS);
  };
};

const NOTIFY = {
  name: "outbox notify",
  text: "select set_config('synchronous_commit', 'off', true), pg_notify($1, '')",
  values: [WAKE_CHANNEL],
};
