import type { Clock } from "@tandem/kernel";
import type { Origin } from "../model/auth-events.ts";
import { keyOfAnything } from "../model/email.ts";
import { credentialsInvalid } from "../model/errors.ts";
import type { Session, SessionPolicy } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { makeCheckCredentials } from "./check-credentials.ts";
import { type makeIssueTokens, rowOf, type Tokens } from "./issue-tokens.ts";
import type { AuthUnitOfWork, EvenOut, PasswordHasher, RefreshTokens, UserReader } from "./ports.ts";

export interface LogInDeps {
  readonly uow: AuthUnitOfWork;
  readonly users: UserReader;
  readonly passwords: PasswordHasher;
  readonly checkCredentials: ReturnType<typeof makeCheckCredentials>;
  readonly issueTokens: ReturnType<typeof makeIssueTokens>;
  readonly refreshTokens: RefreshTokens;
  readonly policy: SessionPolicy;
  readonly evenOut: EvenOut;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface LogInInput {
  readonly email: string;
  readonly password: string;
  readonly from: Origin;
}

/**
 * Opens a session. A wrong password, an address that nobody has and one that is none get the same answer after the same time.
 * @throws AppError `auth.credentials_invalid`, `auth.account_locked`
 */
export const makeLogIn = (deps: LogInDeps) => {
  const { uow, users, passwords, refreshTokens, policy, clock, newId } = deps;

  return async (
    { email, password, from }: LogInInput,
    signal?: AbortSignal,
  ): Promise<{ user: User; tokens: Tokens }> => {
    const startedMs = performance.now();
    const emailKey = keyOfAnything(email);
    const known = await users.getByEmailKey(emailKey);
    const { matches, stale, throttleKey } = await deps.checkCredentials(
      { emailKey, password, user: known, from },
      signal,
    );
    if (!matches || known === undefined) {
      await deps.evenOut(startedMs);
      throw credentialsInvalid();
    }
    // Hashed with parameters of the past: now is the one time at which the password is at hand.
    const rehashed = stale ? await passwords.hash(password, signal) : undefined;
    const token = refreshTokens.create();
    const opened = await uow.transact(async (repositories) => {
      const now = clock.now();
      const user = await repositories.users.lockById(known.id);
      // Changed or forgotten since it was read: what was verified counts no more.
      if (user?.status !== "ACTIVE" || user.passwordHash !== known.passwordHash) return undefined;
      await repositories.throttles.delete(throttleKey);
      const after: User = { ...user, lastLoginAt: now, passwordHash: rehashed ?? user.passwordHash };
      await repositories.users.update(after);
      const session: Session = {
        id: newId(),
        userId: user.id,
        ...from,
        createdAt: now,
        lastUsedAt: now,
        expiresAt: new Date(now.getTime() + policy.maxMs),
        endedAt: undefined,
        endReason: undefined,
        version: 1n,
      };
      await repositories.sessions.create(session);
      const row = rowOf(token, session, { refreshTokens, policy, now });
      await repositories.refreshTokens.create(row);
      return { user: after, session, row };
    }, signal);
    if (opened === undefined) {
      await deps.evenOut(startedMs);
      throw credentialsInvalid();
    }
    const tokens = await deps.issueTokens(opened.user, opened.session, token, opened.row.expiresAt);
    return { user: opened.user, tokens };
  };
};
