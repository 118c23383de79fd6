export type SessionEnd = "LOGOUT" | "TOKEN_REUSED" | "PASSWORD_CHANGED" | "REVOKED" | "USER_ERASED";

/** A login on one device: a line of refresh tokens, each of which replaced the one before. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** However often it is refreshed. */
  readonly expiresAt: Date;
  readonly endedAt: Date | undefined;
  readonly endReason: SessionEnd | undefined;
  readonly version: bigint;
}

/** What is kept of a refresh token: nothing that could be presented. */
export interface RefreshToken {
  /** SHA-256, hex. */
  readonly hash: string;
  readonly sessionId: string;
  /** Hex. The successor is derived from the token and this. */
  readonly nonce: string;
  readonly successorHash: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | undefined;
}

export interface SessionPolicy {
  /** From one refresh to the next. */
  readonly idleMs: number;
  /** From login to the next login. */
  readonly maxMs: number;
  /** In which a refresh may be repeated. */
  readonly graceMs: number;
}

export const isOpen = (session: Session, now: Date): boolean =>
  session.endedAt === undefined && session.expiresAt.getTime() > now.getTime();

/** Idempotent: a session ends once, for its first reason. */
export const end = (session: Session, reason: SessionEnd, now: Date): Session =>
  session.endedAt === undefined
    ? { ...session, endedAt: now, endReason: reason, version: session.version + 1n }
    : session;

/** When a token given now stops working: idle, or with its session. */
export const tokenExpiry = (session: Pick<Session, "expiresAt">, policy: SessionPolicy, now: Date): Date =>
  new Date(Math.min(session.expiresAt.getTime(), now.getTime() + policy.idleMs));

/** rotate: gives the successor. repeat: gives the same one again. reuse: ends the session. refuse: changes nothing. */
export type RefreshDecision = "rotate" | "repeat" | "reuse" | "refuse";

/**
 * A token works once. Two tabs, or a repeat after a lost answer, present it twice within moments and before its successor was used: they get the same
 * successor, so that no honest person is locked out and the line does not fork. Any other second use means that two parties hold the token, and nobody
 * can tell which is the thief: the session ends. A thief within the grace holds the same successor as its owner: whichever uses it second is found out then.
 */
export const decideRefresh = (
  session: Session,
  token: RefreshToken,
  successor: Pick<RefreshToken, "usedAt"> | undefined,
  now: Date,
  graceMs: number,
): RefreshDecision => {
  if (!isOpen(session, now)) return "refuse";
  if (token.usedAt === undefined) return token.expiresAt.getTime() > now.getTime() ? "rotate" : "refuse";
  const fresh = now.getTime() - token.usedAt.getTime() <= graceMs;
  return fresh && successor !== undefined && successor.usedAt === undefined ? "repeat" : "reuse";
};
