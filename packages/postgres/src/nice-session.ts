import { setPriority } from "node:os";
import type pg from "pg";

/**
 * Lets what `client`'s session computes in the server yield to others: `nice` 1 to 19, of the session's process; undefined leaves it. Only for a server
 * of this machine that this process may renice (the same user, or root): of a server elsewhere the number would be another process's here. Where it
 * is not allowed nothing is lost but order.
 */
export const niceSession = (client: pg.ClientBase, nice: number | undefined): void => {
  const { processID } = client as unknown as { processID: number | null };
  if (nice === undefined || !processID) return;
  try {
    setPriority(processID, nice);
  } catch {
    // Another user's, or gone already: it goes on as it is.
  }
};
