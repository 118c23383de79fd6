import type { Clock } from "@tandem/kernel";
import { loginFailed, type Origin } from "../model/auth-events.ts";
import { accountLocked } from "../model/errors.ts";
import { type Attempts, admitAttempt, type ThrottlePolicy, takeBack } from "../model/throttle.ts";
import type { User } from "../model/user.ts";
import type { AuthUnitOfWork, PasswordHasher, ThrottleKeyOf } from "./ports.ts";

export interface CheckCredentialsDeps {
  readonly uow: AuthUnitOfWork;
  readonly passwords: PasswordHasher;
  readonly throttleKeyOf: ThrottleKeyOf;
  readonly policy: ThrottlePolicy;
  readonly clock: Clock;
}

export interface Attempt {
  /** As the throttle knows the address; whether anybody has it or not. */
  readonly emailKey: string;
  readonly password: string;
  readonly user: User | undefined;
  readonly from: Origin;
}

/**
 * Whether the password is that of the user, within what the address is allowed to try. Counts first and looks afterwards; a success is taken back by the
 * caller, in the transaction that it leads to (`forgive`). An unknown address is counted, locked and answered like a known one, and takes as long.
 * @throws AppError `auth.account_locked`
 */
export const makeCheckCredentials = ({ uow, passwords, throttleKeyOf, policy, clock }: CheckCredentialsDeps) => {
  const admit = (key: string, signal?: AbortSignal): Promise<Attempts> =>
    uow.transact(async ({ throttles }) => {
      const now = clock.now();
      const admission = admitAttempt(await throttles.lockByKey(key, now), now, policy);
      if (admission.kind === "locked") throw accountLocked(admission.until);
      await throttles.save(key, admission.after);
      return admission.after;
    }, signal);

  const giveBack = (key: string): Promise<void> =>
    uow.transact(async ({ throttles }) => {
      const now = clock.now();
      const attempts = await throttles.lockByKey(key, now);
      if (attempts) await throttles.save(key, takeBack(attempts, now, policy));
    });

  /** Tells the person whose account it is, if anybody. */
  const tell = (user: User, attempts: Attempts, from: Origin): Promise<void> =>
    uow.transact(async ({ users, outbox }) => {
      const locked = await users.lockById(user.id);
      if (locked?.status !== "ACTIVE") return;
      const after = { ...locked, version: locked.version + 1n };
      await users.update(after);
      await outbox.add(loginFailed(after, attempts, from, clock.now()));
    });

  return async (
    { emailKey, password, user, from }: Attempt,
    signal?: AbortSignal,
  ): Promise<{ readonly matches: boolean; readonly stale: boolean; readonly throttleKey: string }> => {
    const throttleKey = throttleKeyOf(emailKey);
    const attempts = await admit(throttleKey, signal);
    let verdict: Awaited<ReturnType<PasswordHasher["verify"]>>;
    try {
      verdict = await passwords.verify(password, user?.passwordHash, signal);
    } catch (error) {
      await giveBack(throttleKey);
      throw error;
    }
    if (!verdict.matches && user !== undefined) await tell(user, attempts, from);
    return { ...verdict, throttleKey };
  };
};
