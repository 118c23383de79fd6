import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";

const NOT_YET: ReadonlySet<Code> = new Set([Code.NotFound, Code.Unavailable, Code.DeadlineExceeded]);

/**
 * Asks until there is an answer: read models hear of things by events, a moment after they happened, and a pod that answers may be
 * gone before the next one is there.
 * @throws the last error, or one that says what did not come within `forMs` (default 30 000)
 */
export const patiently = async <T>(what: string, ask: () => Promise<T | undefined>, forMs = 30_000): Promise<T> => {
  for (const giveUpAt = performance.now() + forMs; ; await sleep(50)) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!NOT_YET.has(ConnectError.from(error).code) || performance.now() > giveUpAt) throw error;
    }
    if (performance.now() > giveUpAt) throw new Error(`${what} is not there after ${forMs} ms`);
  }
};
