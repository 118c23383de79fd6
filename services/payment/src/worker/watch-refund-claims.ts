import type { Metrics } from "@tandem/runtime";
import type { ClaimReader } from "../biz/ports.ts";
import { CLAIM_STATES, type RetryPolicy } from "../model/refund-claim.ts";

/** What customers are owed and have not got back, by state, at every scrape. Returns the way to stop it. */
export const watchRefundClaims = (deps: {
  readonly claims: Pick<ClaimReader, "countOpen">;
  readonly policy: RetryPolicy;
  readonly metrics: Metrics;
}) => {
  const open = deps.metrics.gauge({
    name: "tandem_payment_refund_claims",
    help: "Refunds that are owed, by state; GIVEN_UP waits for a person",
    labels: ["state"],
  });
  return deps.metrics.onScrape(async () => {
    const counts = await deps.claims.countOpen(deps.policy);
    for (const state of CLAIM_STATES) open.set({ state }, counts.get(state) ?? 0);
  });
};
