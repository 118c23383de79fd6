import { manualClock } from "@tandem/testkit";
import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { createAuthenticator, createDevIssuer, createServiceTokenSource, type TokenClaims } from "../src/index.ts";

const issuer = "http://dev.test";
const audience = "tandem";

describe("a service token source", () => {
  it("signs with the service's own key what the issuer's keys verify", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const source = createServiceTokenSource({
      serviceName: "order",
      audience,
      issuer,
      privateJwk: await exportJWK(privateKey),
    });
    const token = await source.token();
    const kid = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
    const authenticator = createAuthenticator({
      issuer,
      audience,
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: "ES256" }] },
    });
    expect(await authenticator.authenticate(token)).toMatchObject({
      subject: "service:order",
      kind: "service",
      roles: [],
    });
  });

  it("reuses its token until shortly before the end, then takes a new one", async () => {
    const clock = manualClock();
    const devIssuer = await createDevIssuer({ issuer, audience, clock, env: {} });
    const source = createServiceTokenSource({
      serviceName: "order",
      audience,
      devIssuer,
      ttlSeconds: 300,
      renewAheadSeconds: 60,
      clock,
    });
    const first = await source.token();
    clock.advance(239_000);
    expect(await source.token()).toBe(first);
    clock.advance(1_000);
    const second = await source.token();
    expect(second).not.toBe(first);
    const authenticator = createAuthenticator({ issuer, audience, jwks: devIssuer.jwks, clock });
    clock.advance(200_000);
    await expect(authenticator.authenticate(second)).resolves.toMatchObject({ kind: "service" });
  });

  it("signs once for callers at the same time", async () => {
    let minted = 0;
    const devIssuer = {
      mint: async (_claims: TokenClaims) => {
        minted += 1;
        return `token-${minted}`;
      },
    };
    const source = createServiceTokenSource({ serviceName: "order", audience, devIssuer });
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => source.token())))).toEqual(new Set(["token-1"]));
  });

  it("does not remember a failure", async () => {
    let minted = 0;
    const mint = async (_claims: TokenClaims) => {
      minted += 1;
      if (minted === 1) throw new Error("issuer down");
      return "token";
    };
    const source = createServiceTokenSource({ serviceName: "order", audience, devIssuer: { mint } });
    await expect(source.token()).rejects.toThrow("issuer down");
    await expect(source.token()).resolves.toBe("token");
  });

  it("needs exactly one way to sign, and a private key", async () => {
    const devIssuer = { mint: async () => "token" };
    expect(() => createServiceTokenSource({ serviceName: "order", audience })).toThrow(TypeError);
    expect(() =>
      createServiceTokenSource({ serviceName: "order", audience, devIssuer, privateJwk: {}, issuer }),
    ).toThrow(TypeError);
    const { publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    const source = createServiceTokenSource({
      serviceName: "order",
      audience,
      issuer,
      privateJwk: await exportJWK(publicKey),
    });
    await expect(source.token()).rejects.toThrow();
  });
});
