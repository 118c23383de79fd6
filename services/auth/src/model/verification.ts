export type VerificationPurpose = "CONFIRM_EMAIL" | "RESET_PASSWORD";

/** A mail with a token that works once: whoever has it reads the mailbox of the account. */
export interface Verification {
  readonly id: string;
  readonly userId: string;
  readonly purpose: VerificationPurpose;
  /** Undefined until the mail is about to be sent. */
  readonly tokenHash: string | undefined;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | undefined;
}

/** How long a token works, in ms. */
export type VerificationTtls = Readonly<Record<VerificationPurpose, number>>;

export const openVerification = (
  { id, userId, purpose }: Pick<Verification, "id" | "userId" | "purpose">,
  now: Date,
  ttls: VerificationTtls,
): Verification => ({
  id,
  userId,
  purpose,
  tokenHash: undefined,
  requestedAt: now,
  expiresAt: new Date(now.getTime() + ttls[purpose]),
  usedAt: undefined,
});

export const isUsable = ({ usedAt, expiresAt }: Verification, now: Date): boolean =>
  usedAt === undefined && expiresAt.getTime() > now.getTime();

/**
 * Asked for again while more than half of its time is left, it is sent again: who asks for somebody else's account cannot make the link in
 * that person's hand worthless.
 */
export const isWorthSendingAgain = (verification: Verification, now: Date, ttls: VerificationTtls): boolean =>
  isUsable(verification, now) && verification.expiresAt.getTime() - now.getTime() > ttls[verification.purpose] / 2;
