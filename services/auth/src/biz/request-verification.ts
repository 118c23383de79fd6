import type { Clock } from "@tandem/kernel";
import { verificationRequested } from "../model/auth-events.ts";
import { keyOfAnything } from "../model/email.ts";
import { noAccount } from "../model/errors.ts";
import { admitAttempt, type ThrottlePolicy } from "../model/throttle.ts";
import type { User } from "../model/user.ts";
import {
  isWorthSendingAgain,
  openVerification,
  type VerificationPurpose,
  type VerificationTtls,
} from "../model/verification.ts";
import type { AuthUnitOfWork, EvenOut, Repositories, ThrottleKeyOf } from "./ports.ts";

export interface VerificationParts {
  readonly newId: () => string;
  readonly ttls: VerificationTtls;
}

/** Opens a verification of a locked user, or takes the one that is open, and asks for its mail. @returns the user as it was written */
export const requestVerification = async (
  { users, verifications, outbox }: Pick<Repositories, "users" | "verifications" | "outbox">,
  user: User,
  { purpose, newId, ttls, now }: VerificationParts & { readonly purpose: VerificationPurpose; readonly now: Date },
): Promise<User> => {
  const open = await verifications.lockOpen(user.id, purpose);
  const again = open && isWorthSendingAgain(open, now, ttls) ? open : undefined;
  const verification = again ?? openVerification({ id: newId(), userId: user.id, purpose }, now, ttls);
  if (!again) {
    if (open) await verifications.delete(open.id);
    await verifications.create(verification);
  }
  const after = { ...user, version: user.version + 1n };
  await users.update(after);
  await outbox.add(verificationRequested(after, verification, now));
  return after;
};

export interface RequestVerificationDeps extends VerificationParts {
  readonly uow: AuthUnitOfWork;
  readonly throttleKeyOf: ThrottleKeyOf;
  /** Of mails to one address. */
  readonly policy: ThrottlePolicy;
  readonly clock: Clock;
}

/** Counts a mail of that kind to that address. False: it had enough of them for now. */
const admit = async (
  { throttles }: Pick<Repositories, "throttles">,
  what: string,
  { throttleKeyOf, policy, now }: Pick<RequestVerificationDeps, "throttleKeyOf" | "policy"> & { readonly now: Date },
): Promise<boolean> => {
  // Nobody can name it by an address of their own making at the login.
  const key = throttleKeyOf(`${throttleKeyOf(what)} mails`);
  const admission = admitAttempt(await throttles.lockByKey(key, now), now, policy);
  if (admission.kind === "admitted") await throttles.save(key, admission.after);
  return admission.kind === "admitted";
};

/** Another mail to confirm one's own address. Of a confirmed one, or of too many: none. @throws AppError `auth.no_account` */
export const makeRequestEmailConfirmation =
  (deps: RequestVerificationDeps) =>
  (userId: string, signal?: AbortSignal): Promise<void> =>
    deps.uow.transact(async (repositories) => {
      const now = deps.clock.now();
      if (!(await admit(repositories, `confirm ${userId}`, { ...deps, now }))) return;
      const user = await repositories.users.lockById(userId);
      if (user?.status !== "ACTIVE") throw noAccount();
      if (user.emailConfirmedAt) return;
      await requestVerification(repositories, user, { ...deps, purpose: "CONFIRM_EMAIL", now });
    }, signal);

/**
 * A mail with which whoever forgot their password sets another. An address that nobody has is counted and answered like one that somebody has, after
 * the same time; so is one that was asked about too often.
 */
export const makeRequestPasswordReset =
  (deps: RequestVerificationDeps & { readonly evenOut: EvenOut }) =>
  async (email: string, signal?: AbortSignal): Promise<void> => {
    const startedMs = performance.now();
    const emailKey = keyOfAnything(email);
    await deps.uow.transact(async (repositories) => {
      const now = deps.clock.now();
      if (!(await admit(repositories, `reset ${emailKey}`, { ...deps, now }))) return;
      const user = await repositories.users.lockByEmailKey(emailKey);
      if (user?.status !== "ACTIVE") return;
      await requestVerification(repositories, user, { ...deps, purpose: "RESET_PASSWORD", now });
    }, signal);
    await deps.evenOut(startedMs);
  };
