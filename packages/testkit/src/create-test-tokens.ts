import {
  type Authenticator,
  createAuthenticator,
  createDevIssuer,
  type Role,
  serviceSubjectOf,
  type TokenClaims,
} from "@tandem/auth";
import { type Clock, newId, systemClock } from "@tandem/kernel";

export interface Authorization {
  readonly authorization: string;
}

export interface TestTokens {
  /** Accepts what is minted here, and nothing else. */
  readonly authenticator: Authenticator;
  /** Headers of a customer, of a seller, of somebody with a role. Ids are new unless given. */
  customer(customerId?: string): Promise<Authorization>;
  seller(sellerId?: string): Promise<Authorization>;
  as(role: Role): Promise<Authorization>;
  /** Of another service, by app id: it may do what `servicePermissions` of `@tandem/auth` says of it. */
  service(appId: string): Promise<Authorization>;
  /** Any claims at all. */
  mint(claims: TokenClaims): Promise<string>;
  /** Properly signed, and expired an hour ago. */
  expired(claims: TokenClaims): Promise<string>;
  /** Issuer, audience and claims as they should be, signed by a key that nobody knows. */
  forged(claims: TokenClaims): Promise<string>;
}

const ISSUER = { issuer: "https://issuer.test.invalid", audience: "tandem" };

/** An issuer, and the authenticator that trusts it. Nothing listens. */
export const createTestTokens = async ({ clock = systemClock }: { clock?: Clock } = {}): Promise<TestTokens> => {
  let lagMs = 0;
  const issuer = await createDevIssuer({ ...ISSUER, clock: { now: () => new Date(clock.now().getTime() - lagMs) } });
  const stranger = await createDevIssuer({ ...ISSUER, clock });
  const header = async (claims: TokenClaims): Promise<Authorization> => ({
    authorization: `Bearer ${await issuer.mint(claims)}`,
  });
  return {
    authenticator: createAuthenticator({ ...ISSUER, jwks: issuer.jwks, clock }),
    customer: (customerId = newId()) => header({ subject: customerId, roles: ["customer"], customerId }),
    seller: (sellerId = newId()) => header({ subject: sellerId, roles: ["seller"], sellerId }),
    as: (role) => header({ subject: newId(), roles: [role] }),
    service: (appId) => header({ subject: serviceSubjectOf(appId), kind: "service" }),
    mint: issuer.mint,
    expired: (claims) => {
      const ttlSeconds = claims.ttlSeconds ?? 60;
      lagMs = (3_600 + ttlSeconds) * 1_000;
      try {
        return issuer.mint({ ...claims, ttlSeconds }); // reads the clock before its first await
      } finally {
        lagMs = 0;
      }
    },
    forged: stranger.mint,
  };
};
