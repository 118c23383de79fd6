import type { Clock } from "@tandem/kernel";
import { sessionRevoked } from "../model/auth-events.ts";
import { sessionNotFound } from "../model/errors.ts";
import { end, isOpen, type Session, type SessionEnd } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { AuthUnitOfWork, RefreshTokens, Repositories } from "./ports.ts";

export interface EndSessionsDeps {
  readonly uow: AuthUnitOfWork;
  readonly clock: Clock;
}

/** Ends the open sessions of a locked user, but for one, and says so. Returns how many. */
export const endSessionsOf = async (
  { sessions, outbox }: Pick<Repositories, "sessions" | "outbox">,
  user: Pick<User, "id" | "customerId">,
  { reason, but, now }: { readonly reason: SessionEnd; readonly but?: string | undefined; readonly now: Date },
): Promise<number> => {
  const open = (await sessions.lockOpenByUserId(user.id)).filter(({ id }) => id !== but);
  for (const session of open) {
    const ended = end(session, reason, now);
    await sessions.update(ended);
    // One that had run out by itself ended nothing.
    if (isOpen(session, now)) await outbox.add(sessionRevoked(ended, user.customerId, now));
  }
  return open.length;
};

const endOne = async (
  { sessions, users, outbox }: Repositories,
  session: Session,
  reason: SessionEnd,
  now: Date,
): Promise<void> => {
  const ended = end(session, reason, now);
  if (ended === session) return;
  await sessions.update(ended);
  const user = await users.getById(session.userId);
  await outbox.add(sessionRevoked(ended, user?.customerId, now));
};

/** Ends the session of a refresh token. Idempotent, and silent about what it found. */
export const makeLogOut =
  ({ uow, clock, refreshTokens }: EndSessionsDeps & { readonly refreshTokens: RefreshTokens }) =>
  (token: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const known = await repositories.refreshTokens.getByHash(refreshTokens.hashOf(token));
      const session = known && (await repositories.sessions.lockById(known.sessionId));
      if (session) await endOne(repositories, session, "LOGOUT", clock.now());
    }, signal);

/**
 * Ends one session of those that the caller may touch. Idempotent.
 * @throws AppError `auth.session_not_found`, also for somebody else's
 */
export const makeRevokeSession =
  ({ uow, clock }: EndSessionsDeps) =>
  (
    { sessionId, mayTouch }: { readonly sessionId: string; readonly mayTouch: (userId: string) => boolean },
    signal?: AbortSignal,
  ): Promise<void> =>
    uow.transact(async (repositories) => {
      const session = await repositories.sessions.lockById(sessionId);
      if (!session || !mayTouch(session.userId)) throw sessionNotFound();
      await endOne(repositories, session, "REVOKED", clock.now());
    }, signal);
