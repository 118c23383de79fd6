import type { Clock } from "@tandem/kernel";
import { type RefreshToken, type Session, type SessionPolicy, tokenExpiry } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { RefreshTokens, TokenSigner } from "./ports.ts";

/** What a person gets in hand. */
export interface Tokens {
  readonly accessToken: string;
  readonly expiresInS: number;
  readonly refreshToken: string;
  readonly refreshExpiresInS: number;
  readonly sessionId: string;
}

export interface IssueTokensDeps {
  readonly signer: TokenSigner;
  readonly clock: Clock;
  readonly accessTtlS: number;
}

/** Signs the access token of a session, with the roles that the user has now. */
export const makeIssueTokens =
  ({ signer, clock, accessTtlS }: IssueTokensDeps) =>
  async (user: User, session: Session, refreshToken: string, refreshExpiresAt: Date): Promise<Tokens> => {
    const nowMs = clock.now().getTime();
    // Not beyond the session: its end must mean something.
    const ttlSeconds = Math.max(1, Math.min(accessTtlS, Math.floor((session.expiresAt.getTime() - nowMs) / 1000)));
    const accessToken = await signer.sign({
      subject: user.id,
      kind: "user",
      roles: user.roles,
      sessionId: session.id,
      ttlSeconds,
      ...(user.customerId === undefined ? {} : { customerId: user.customerId }),
      ...(user.sellerId === undefined ? {} : { sellerId: user.sellerId }),
    });
    return {
      accessToken,
      expiresInS: ttlSeconds,
      refreshToken,
      refreshExpiresInS: Math.max(0, Math.floor((refreshExpiresAt.getTime() - nowMs) / 1000)),
      sessionId: session.id,
    };
  };

/** The row of a token that was just made. */
export const rowOf = (
  token: string,
  session: Pick<Session, "id" | "expiresAt">,
  { refreshTokens, policy, now }: { refreshTokens: RefreshTokens; policy: SessionPolicy; now: Date },
): RefreshToken => ({
  hash: refreshTokens.hashOf(token),
  sessionId: session.id,
  nonce: refreshTokens.newNonce(),
  successorHash: undefined,
  issuedAt: now,
  expiresAt: tokenExpiry(session, policy, now),
  usedAt: undefined,
});
