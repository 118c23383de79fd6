import { createDatabase, type Database } from "@tandem/postgres";
import type { Logger } from "@tandem/runtime";
import { PRICE_NEWS_CHANNEL, readPriceNews } from "./price-news.ts";

const openSession = ({ pool }: Pick<Database, "pool">) => pool.connect();
type Session = Awaited<ReturnType<typeof openSession>>;

export interface FollowPriceNewsOptions {
  readonly database: Pick<Database, "url" | "name">;
  /** Whose news this process tells itself. */
  readonly origin: string;
  /** Without ids: everything. */
  readonly forget: (productIds?: readonly string[]) => void;
  readonly log: Logger;
  /** From a lost connection to the next try. Default 1 000. */
  readonly retryMs?: number;
}

/** Runs beside the API's server, from its start to its drain. */
interface PriceNewsFollower {
  readonly name: string;
  start(): void;
  stop(): Promise<void>;
}

/**
 * Listens on a connection of its own, beside the pool whose smallest size is one, and has what others changed forgotten. A connection that was lost comes back by itself;
 * what was told meanwhile nobody knows, so everything is forgotten then. Until it is back the cache is as old as its TTL lets it be.
 */
export const followPriceNews = ({
  database,
  origin,
  forget,
  log,
  retryMs = 1_000,
}: FollowPriceNewsOptions): PriceNewsFollower => {
  const own = createDatabase({ url: database.url, name: `${database.name} news`, maxConnections: 1, log });
  let session: Session | undefined;
  let opening = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;

  const lose = (lost: Session, err: unknown): void => {
    if (session !== lost) return;
    session = undefined;
    lost.release(true);
    again(err);
  };
  const again = (err: unknown): void => {
    if (stopped) return;
    log.warn({ err }, "news of prices are not heard: shown prices of other processes are as old as the cache");
    retry = setTimeout(listen, retryMs).unref();
  };
  const open = async (): Promise<void> => {
    try {
      const next = await openSession(own);
      session = next;
      next.on("error", (err) => lose(next, err));
      next.on("notification", ({ payload = "" }) => {
        const news = readPriceNews(payload, origin);
        if (news) forget(news.productIds);
      });
      try {
        await next.query(`listen ${PRICE_NEWS_CHANNEL}`);
      } catch (err) {
        return lose(next, err);
      }
      forget();
    } catch (err) {
      again(err);
    }
  };
  const listen = (): void => {
    opening = open();
  };

  return {
    name: "pricing.price-news",
    start: listen,
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await opening;
      const last = session;
      session = undefined;
      last?.release(true);
      await own.dispose();
    },
  };
};
