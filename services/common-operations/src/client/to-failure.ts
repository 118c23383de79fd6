import type { ErrorInfo } from "@tandem/contracts/common";
import type { Failure } from "../model/task.ts";

/** Another service's word about one item. */
export const toFailure = (error: ErrorInfo | undefined): Failure => ({
  code: error?.slug || "rpc.internal",
  message: error?.message || "The service did not say why.",
  details: (error?.violations ?? []).map(({ field, rule, message }) => ({ field, rule, message })),
});
