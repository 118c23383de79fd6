import { create } from "@bufbuild/protobuf";
import { type BatchSummary, BatchSummarySchema, type ErrorInfo } from "@tandem/contracts/common";
import { isAppError } from "@tandem/kernel";
import { currentCallState } from "../call.ts";
import { errorInfoDetail } from "../errors/error-info.ts";
import { shownOf } from "../errors/to-connect-error.ts";

export type BatchOutcome<T> =
  | { readonly case: "ok"; readonly value: T }
  | { readonly case: "error"; readonly value: ErrorInfo };

/** An error as batch items carry it. Unknown and internal errors show nothing of themselves. */
export const toErrorInfo = (error: unknown): ErrorInfo => errorInfoDetail(shownOf(error)).value;

/**
 * Does each item by itself, in order, and never fails as a whole for one of them. A cancelled or unavailable batch fails at
 * once: repeating the rest would only wait for the same end. What an item's answer conceals goes into the call's log.
 */
export const runBatch = async <I, T>(
  items: readonly I[],
  work: (item: I) => Promise<T>,
): Promise<readonly BatchOutcome<T>[]> => {
  const outcomes: BatchOutcome<T>[] = [];
  for (const item of items) {
    try {
      outcomes.push({ case: "ok", value: await work(item) });
    } catch (error) {
      if (isAppError(error) && ["cancelled", "deadline_exceeded", "unavailable"].includes(error.kind)) throw error;
      if (shownOf(error) !== error) currentCallState()?.concealed.push(error);
      outcomes.push({ case: "error", value: toErrorInfo(error) });
    }
  }
  return outcomes;
};

export const summaryOf = (outcomes: readonly { readonly case: string }[]): BatchSummary => {
  const failed = outcomes.filter((outcome) => outcome.case === "error").length;
  return create(BatchSummarySchema, { succeeded: outcomes.length - failed, failed });
};
