import { setTimeout as sleep } from "node:timers/promises";
import type { PlatformBooks } from "@tandem/cli/platform";
import { type Databases, isConnectionLoss, openDatabases } from "@tandem/e2e/check";

export interface BooksOptions {
  /** As they were opened before the load: nobody learns after half an hour that they are out of reach. */
  readonly books: PlatformBooks;
  /** Another way to them: the port that leads into a cluster may have ended with the pod at its other end. */
  readonly reopen: () => Promise<PlatformBooks>;
  readonly say: (line: string) => void;
  /** In all. Default 6. */
  readonly tries?: number;
  /** Before each further try. Default 5 000. */
  readonly pauseMs?: number;
}

/**
 * Reads in the databases, from the beginning when the connection is lost meanwhile: who kills pods under load kills Postgres' as well.
 * @throws the last loss, or at once whatever else goes wrong
 */
export const readBooks = async <T>(options: BooksOptions, read: (databases: Databases) => Promise<T>): Promise<T> => {
  const { reopen, say, tries = 6, pauseMs = 5_000 } = options;
  const attempt = async (books: PlatformBooks): Promise<T> => {
    await using databases = openDatabases(books.urls, books.sidecarUrl);
    return await read(databases);
  };
  for (let at = 1; ; at += 1) {
    try {
      return await attempt(at === 1 ? options.books : await reopen());
    } catch (error) {
      // A way that is not there yet is no loss: kubectl finds no pod while the next one starts.
      if (at >= tries || !(isConnectionLoss(error) || isNoWay(error))) throw error;
      say(`the books are out of reach (${error instanceof Error ? error.message : error}); try ${at + 1} of ${tries}`);
      await sleep(pauseMs);
    }
  }
};

const isNoWay = (error: unknown): boolean =>
  error instanceof Error && /^kubectl .*(port-forward|pod|connection|refused|timeout)/i.test(error.message);
