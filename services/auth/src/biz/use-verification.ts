import type { Clock } from "@tandem/kernel";
import { verificationInvalid, verificationOver } from "../model/errors.ts";
import { checkPassword } from "../model/password.ts";
import { type User, withConfirmedEmail, withPassword } from "../model/user.ts";
import { isUsable, type VerificationPurpose } from "../model/verification.ts";
import { endSessionsOf } from "./end-sessions.ts";
import type {
  AuthUnitOfWork,
  EvenOut,
  PasswordHasher,
  Repositories,
  ThrottleKeyOf,
  VerificationTokens,
} from "./ports.ts";

export interface UseVerificationDeps {
  readonly uow: AuthUnitOfWork;
  readonly tokens: VerificationTokens;
  readonly clock: Clock;
}

export interface VerificationMail {
  readonly token: string;
  /** The address that the account has now. */
  readonly email: string;
  readonly expiresAt: Date;
}

/** The token of a verification and whom it goes to, for who is about to send it. The same every time. @throws AppError `auth.verification_over` */
export const makeIssueVerificationToken =
  ({ uow, tokens, clock }: UseVerificationDeps) =>
  (verificationId: string, signal?: AbortSignal): Promise<VerificationMail> =>
    uow.transact(async ({ verifications, users }) => {
      const verification = await verifications.lockById(verificationId);
      const user = verification && (await users.getById(verification.userId));
      if (!verification || !isUsable(verification, clock.now()) || user?.email === undefined) throw verificationOver();
      const token = tokens.tokenOf(verification.id);
      const tokenHash = tokens.hashOf(token);
      // Another one than before only when the key has changed: then the newest mail counts.
      if (verification.tokenHash !== tokenHash) await verifications.update({ ...verification, tokenHash });
      return { token, email: user.email.address, expiresAt: verification.expiresAt };
    }, signal);

/** Whose it is, if the token still works. Under the locks of user and verification, in this order. */
const find = async (
  { verifications, users }: Pick<Repositories, "verifications" | "users">,
  tokenHash: string,
  purpose: VerificationPurpose,
  now: Date,
) => {
  const seen = await verifications.getByHash(tokenHash);
  const user = seen && (await users.lockById(seen.userId));
  const verification = user && (await verifications.lockById(seen.id));
  if (!verification || verification.purpose !== purpose || !isUsable(verification, now)) return undefined;
  return user.status === "ACTIVE" && user.email ? { verification, user, email: user.email } : undefined;
};

/** @throws AppError `auth.verification_invalid`: unknown, used, replaced and over are all the same */
export const makeConfirmEmail =
  ({ uow, tokens, clock }: UseVerificationDeps) =>
  (token: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const found = await find(repositories, tokens.hashOf(token), "CONFIRM_EMAIL", now);
      if (!found) throw verificationInvalid();
      await repositories.verifications.update({ ...found.verification, usedAt: now });
      await repositories.users.update(withConfirmedEmail(found.user, now));
    }, signal);

export interface ResetPasswordDeps extends UseVerificationDeps {
  readonly passwords: PasswordHasher;
  readonly throttleKeyOf: ThrottleKeyOf;
  readonly evenOut: EvenOut;
}

/**
 * A new password for whoever reads the mailbox. All sessions end (one of them may be why the password is changed), the lock on the address is lifted, and the
 * address is confirmed.
 * @throws AppError `auth.verification_invalid`, `auth.password_weak`: then the token still works
 */
export const makeResetPassword =
  ({ uow, tokens, passwords, throttleKeyOf, evenOut, clock }: ResetPasswordDeps) =>
  async (token: string, newPassword: string, signal?: AbortSignal): Promise<void> => {
    const startedMs = performance.now();
    const tokenHash = tokens.hashOf(token);
    const whose = await uow.transact(
      async (repositories): Promise<User | undefined> =>
        (await find(repositories, tokenHash, "RESET_PASSWORD", clock.now()))?.user,
      signal,
    );
    if (!whose) {
      await evenOut(startedMs);
      throw verificationInvalid();
    }
    checkPassword(newPassword, { email: whose.email?.address ?? "", name: whose.displayName });
    const passwordHash = await passwords.hash(newPassword, signal);
    await uow.transact(async (repositories) => {
      const now = clock.now();
      const found = await find(repositories, tokenHash, "RESET_PASSWORD", now);
      if (!found) throw verificationInvalid();
      await repositories.verifications.update({ ...found.verification, usedAt: now });
      const after = withConfirmedEmail(withPassword(found.user, passwordHash, now), now);
      await repositories.users.update(after);
      await repositories.throttles.delete(throttleKeyOf(found.email.key));
      await endSessionsOf(repositories, after, { reason: "PASSWORD_CHANGED", now });
    }, signal);
  };
