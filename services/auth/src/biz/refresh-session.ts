import type { Clock } from "@tandem/kernel";
import { sessionRevoked } from "../model/auth-events.ts";
import { refreshTokenInvalid } from "../model/errors.ts";
import { decideRefresh, end, type Session, type SessionPolicy } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { type makeIssueTokens, rowOf, type Tokens } from "./issue-tokens.ts";
import type { AuthUnitOfWork, RefreshTokens } from "./ports.ts";

export interface RefreshSessionDeps {
  readonly uow: AuthUnitOfWork;
  readonly refreshTokens: RefreshTokens;
  readonly issueTokens: ReturnType<typeof makeIssueTokens>;
  readonly policy: SessionPolicy;
  readonly clock: Clock;
}

export type RefreshOutcome = "rotated" | "repeated" | "reused" | "refused";

interface Granted {
  readonly user: User;
  readonly session: Session;
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * Replaces a refresh token by its successor, under the session's row: concurrent uses are decided one after the other. A second use that is not a mere
 * repeat ends the session and says so with `auth.session_revoked`.
 * @throws AppError `auth.refresh_token_invalid`, the same for unknown, expired, reused and ended
 */
export const makeRefreshSession = (
  deps: RefreshSessionDeps,
  onOutcome: (outcome: RefreshOutcome, session: Session | undefined) => void = () => {},
) => {
  const { uow, refreshTokens, policy, clock } = deps;

  return async (token: string, signal?: AbortSignal): Promise<Tokens> => {
    const hash = refreshTokens.hashOf(token);
    // What ends a session must be committed, so the refusal is thrown after the transaction.
    const { outcome, granted, session } = await uow.transact(
      async (
        repositories,
      ): Promise<{ outcome: RefreshOutcome; session?: Session | undefined; granted?: Granted | undefined }> => {
        const { sessions, users, outbox } = repositories;
        const known = await repositories.refreshTokens.getByHash(hash);
        const session = known && (await sessions.lockById(known.sessionId));
        // Once more: somebody may have used it before the lock was ours.
        const presented = session && (await repositories.refreshTokens.getByHash(hash));
        const user = session && (await users.getById(session.userId));
        if (!session || !presented || user?.status !== "ACTIVE") return { outcome: "refused" };
        const successor =
          presented.successorHash === undefined
            ? undefined
            : await repositories.refreshTokens.getByHash(presented.successorHash);
        const now = clock.now();
        const decision = decideRefresh(session, presented, successor, now, policy.graceMs);
        if (decision === "refuse") return { outcome: "refused", session };
        if (decision === "reuse") {
          const ended = end(session, "TOKEN_REUSED", now);
          await sessions.update(ended);
          await outbox.add(sessionRevoked(ended, user.customerId, now));
          return { outcome: "reused", session: ended };
        }
        const next = refreshTokens.successorOf(token, presented.nonce);
        if (decision === "repeat") {
          const expiresAt = successor?.expiresAt ?? session.expiresAt;
          return { outcome: "repeated", session, granted: { user, session, token: next, expiresAt } };
        }
        const row = rowOf(next, session, { refreshTokens, policy, now });
        await repositories.refreshTokens.markUsed(hash, row.hash, now);
        await repositories.refreshTokens.create(row);
        const used = { ...session, lastUsedAt: now };
        await sessions.update(used);
        const granted = { user, session: used, token: next, expiresAt: row.expiresAt };
        return { outcome: "rotated", session: used, granted };
      },
      signal,
    );
    onOutcome(outcome, session);
    if (granted === undefined) throw refreshTokenInvalid();
    return deps.issueTokens(granted.user, granted.session, granted.token, granted.expiresAt);
  };
};
