import { isAppError } from "@tandem/kernel";
import type { Logger, Metrics } from "@tandem/runtime";
import type { makeCheckCredentials } from "../biz/check-credentials.ts";
import type { RefreshOutcome } from "../biz/refresh-session.ts";
import type { Session } from "../model/session.ts";

type CheckCredentials = ReturnType<typeof makeCheckCredentials>;

/** What somebody who watches asks first: how many logins fail, how many addresses are locked, whether tokens are stolen. */
export const countOutcomes = (metrics: Metrics, log: Logger) => {
  const logins = metrics.counter({
    name: "tandem_auth_logins_total",
    help: "Checked passwords by outcome: ok, refused, locked, failed (could not be checked)",
    labels: ["outcome"],
  });
  const refreshes = metrics.counter({
    name: "tandem_auth_refreshes_total",
    help: "Uses of refresh tokens by outcome: rotated, repeated, refused, reused (the session was ended)",
    labels: ["outcome"],
  });
  return {
    ofLogins:
      (check: CheckCredentials): CheckCredentials =>
      async (...args) => {
        try {
          const verdict = await check(...args);
          logins.inc({ outcome: verdict.matches ? "ok" : "refused" });
          return verdict;
        } catch (error) {
          logins.inc({ outcome: isAppError(error, "auth.account_locked") ? "locked" : "failed" });
          throw error;
        }
      },
    ofRefreshes: (outcome: RefreshOutcome, session: Session | undefined): void => {
      refreshes.inc({ outcome });
      if (outcome === "reused")
        log.warn(
          { sessionId: session?.id, userId: session?.userId },
          "a refresh token was used twice: its session was ended",
        );
    },
  };
};
