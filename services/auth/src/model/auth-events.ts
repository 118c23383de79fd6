import type { Session } from "./session.ts";
import type { User } from "./user.ts";
import type { Verification } from "./verification.ts";

/** What happened, in the words of this context; `events/` puts it into proto. */
export type AuthEvent =
  | { readonly type: "auth.user_registered"; readonly user: User; readonly at: Date }
  | {
      readonly type: "auth.login_failed";
      readonly user: User;
      readonly failedAttempts: number;
      readonly lockedUntil: Date | undefined;
      readonly from: Origin;
      readonly at: Date;
    }
  | {
      readonly type: "auth.session_revoked";
      readonly session: Session;
      readonly customerId: string | undefined;
      readonly at: Date;
    }
  | {
      readonly type: "auth.verification_requested";
      readonly user: User;
      readonly verification: Verification;
      readonly at: Date;
    };

/** Where an attempt came from. */
export interface Origin {
  readonly ip: string;
  readonly userAgent: string;
}

export const userRegistered = (user: User, at: Date): AuthEvent => ({ type: "auth.user_registered", user, at });

export const loginFailed = (
  user: User,
  attempts: { readonly failed: number; readonly lockedUntil: Date | undefined },
  from: Origin,
  at: Date,
): AuthEvent => ({
  type: "auth.login_failed",
  user,
  failedAttempts: attempts.failed,
  lockedUntil: attempts.lockedUntil,
  from,
  at,
});

export const sessionRevoked = (session: Session, customerId: string | undefined, at: Date): AuthEvent => ({
  type: "auth.session_revoked",
  session,
  customerId,
  at,
});

/** A mail is to be sent; what it lets its reader do stands in it alone. */
export const verificationRequested = (user: User, verification: Verification, at: Date): AuthEvent => ({
  type: "auth.verification_requested",
  user,
  verification,
  at,
});
