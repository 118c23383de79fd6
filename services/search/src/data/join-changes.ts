import { isAppError } from "@tandem/kernel";
import { findPostgresError } from "@tandem/postgres";
import { createBatcher } from "@tandem/runtime";
import type { DocumentWriter, PartChange, PartOutcome } from "../biz/ports.ts";
import { documentInvalid } from "../model/errors.ts";

/** The engine hears of it some hundred milliseconds later anyhow. */
const GATHER_MS = 10;
const MAX_CHANGES = 100;
/** One statement that waits for a lock does not hold up those behind it. */
const AT_A_TIME = 4;

/** What is not about any one of them. */
const isOutage = (error: unknown): boolean =>
  isAppError(error, "postgres.unavailable") || isAppError(error, "postgres.acquire_timeout");

/** Wrong value, broken constraint: that will not be better next time. */
const judged = (error: unknown): unknown => {
  const code = findPostgresError(error)?.code;
  return code !== undefined && /^(22|23)/.test(code)
    ? documentInvalid("document", "storable", `it cannot be kept (${code})`)
    : error;
};

/**
 * Changes that come at the same time are one statement. Each outcome is its own: when Postgres will not have all of them, each goes by itself.
 * @throws AppError `search.document_invalid` for one that can never be kept
 */
export const joinChanges = ({ applyParts }: DocumentWriter): ((change: PartChange) => Promise<PartOutcome>) => {
  const applyOne = async (change: PartChange): Promise<PartOutcome> => {
    try {
      return (await applyParts([change]))[0] ?? "stale";
    } catch (error) {
      throw judged(error);
    }
  };
  const join = createBatcher<PartChange, PromiseSettledResult<PartOutcome>>({
    maxItems: MAX_CHANGES,
    gatherMs: GATHER_MS,
    concurrency: AT_A_TIME,
    run: async (changes) => {
      try {
        return (await applyParts(changes)).map((value) => ({ status: "fulfilled", value }));
      } catch (error) {
        if (isOutage(error)) return changes.map(() => ({ status: "rejected", reason: error }));
        return await Promise.allSettled(changes.map(applyOne));
      }
    },
  });
  return async (change) => {
    const outcome = await join(change);
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  };
};
