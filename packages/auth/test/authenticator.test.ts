import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "@tandem/kernel";
import { manualClock } from "@tandem/testkit";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthenticator, servicePermissions } from "../src/index.ts";

const issuer = "https://auth.test";
const audience = "tandem";
const startMs = Date.parse("2026-01-01T00:00:00Z");
const nowS = startMs / 1000;

interface Pair {
  readonly privateKey: Parameters<SignJWT["sign"]>[0];
  readonly jwk: JWK;
}
const makePair = async (alg: string, kid: string): Promise<Pair> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
};

let ed: Pair;
let es: Pair;
let rs: Pair;
let ps: Pair;
let stranger: Pair;
beforeAll(async () => {
  [ed, es, rs, ps, stranger] = await Promise.all([
    makePair("EdDSA", "ed"),
    makePair("ES256", "es"),
    makePair("RS256", "rs"),
    makePair("PS256", "ps"),
    makePair("EdDSA", "ed"),
  ]);
});

interface Shape {
  readonly pair?: Pair;
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
}
const validClaims = {
  iss: issuer,
  aud: audience,
  sub: "user-1",
  jti: "token-1",
  iat: nowS,
  exp: nowS + 900,
  roles: ["customer"],
};
const tokenOf = ({ pair = ed, header = {}, claims = {} }: Shape = {}): Promise<string> => {
  const all = Object.fromEntries(
    Object.entries({ ...validClaims, ...claims }).filter(([, value]) => value !== undefined),
  );
  const { alg, kid } = pair.jwk;
  return new SignJWT(all)
    .setProtectedHeader({ alg: alg as string, kid: kid as string, typ: "at+jwt", ...header })
    .sign(pair.privateKey);
};
const make = (extra: Partial<Parameters<typeof createAuthenticator>[0]> = {}) =>
  createAuthenticator({
    issuer,
    audience,
    jwks: { keys: [ed.jwk, es.jwk, rs.jwk, ps.jwk] },
    clock: manualClock(),
    ...extra,
  });
const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
};

describe("a good token", () => {
  it.each(["ed", "es", "rs"] as const)("is accepted when signed by the %s key, and says who calls", async (name) => {
    const pair = { ed, es, rs }[name];
    const principal = await make().authenticate(
      await tokenOf({ pair, claims: { customer_id: "c-1", seller_id: "s-1" } }),
    );
    expect(principal).toMatchObject({
      subject: "user-1",
      kind: "user",
      roles: ["customer"],
      customerId: "c-1",
      sellerId: "s-1",
      tokenId: "token-1",
      expiresAtS: nowS + 900,
    });
    expect(principal.permissions.has("order.create")).toBe(true);
  });

  it("of a service may do what its name may, whatever roles it claims", async () => {
    const claims = { kind: "service", sub: "service:order", roles: ["service", "operator"] };
    const principal = await make().authenticate(await tokenOf({ claims }));
    expect(principal).toMatchObject({ kind: "service", roles: [] });
    expect(principal.permissions).toEqual(servicePermissions.get("order"));
    const nobody = await make().authenticate(await tokenOf({ claims: { ...claims, sub: "service:nobody" } }));
    expect(nobody.permissions.size).toBe(0);
  });

  it("of a user gets nothing for a service's name, nor for the role that services once had", async () => {
    const principal = await make().authenticate(
      await tokenOf({ claims: { sub: "service:order", roles: ["service"] } }),
    );
    expect(principal).toMatchObject({ kind: "user", roles: [] });
    expect(principal.permissions.size).toBe(0);
  });

  it("with roles that this build does not know grants nothing for them", async () => {
    const principal = await make().authenticate(
      await tokenOf({ claims: { roles: ["root", "__proto__", "constructor", "customer"] } }),
    );
    expect(principal.roles).toEqual(["customer"]);
  });

  it("is forgiven a small difference of clocks", async () => {
    const authenticator = make({ clockToleranceS: 5 });
    await expect(
      authenticator.authenticate(await tokenOf({ claims: { nbf: nowS + 4, iat: nowS + 4 } })),
    ).resolves.toBeDefined();
    await expect(
      authenticator.authenticate(await tokenOf({ claims: { exp: nowS - 4, iat: nowS - 60 } })),
    ).resolves.toBeDefined();
  });
});

describe("a bad token is refused as unauthenticated with a stable slug", () => {
  const rows: readonly [rule: string, slug: string, token: () => Promise<string> | string][] = [
    ["expired", "auth.token_expired", () => tokenOf({ claims: { iat: nowS - 900, exp: nowS - 6 } })],
    ["not valid before later", "auth.token_not_yet_valid", () => tokenOf({ claims: { nbf: nowS + 60 } })],
    [
      "issued in the future",
      "auth.token_not_yet_valid",
      () => tokenOf({ claims: { iat: nowS + 60, exp: nowS + 120 } }),
    ],
    ["wrong audience", "auth.token_wrong_audience", () => tokenOf({ claims: { aud: "other" } })],
    ["no audience", "auth.token_claims_invalid", () => tokenOf({ claims: { aud: undefined } })],
    ["wrong issuer", "auth.token_wrong_issuer", () => tokenOf({ claims: { iss: "https://evil.test" } })],
    ["no expiry", "auth.token_claims_invalid", () => tokenOf({ claims: { exp: undefined } })],
    ["expiry as text", "auth.token_claims_invalid", () => tokenOf({ claims: { exp: "tomorrow" } })],
    ["no subject", "auth.token_claims_invalid", () => tokenOf({ claims: { sub: undefined } })],
    ["an empty subject", "auth.token_claims_invalid", () => tokenOf({ claims: { sub: "" } })],
    ["no token id", "auth.token_claims_invalid", () => tokenOf({ claims: { jti: undefined } })],
    ["roles as text", "auth.token_claims_invalid", () => tokenOf({ claims: { roles: "operator" } })],
    [
      "roles that are objects",
      "auth.token_claims_invalid",
      () => tokenOf({ claims: { roles: [{ toString: "operator" }] } }),
    ],
    ["an unknown kind", "auth.token_claims_invalid", () => tokenOf({ claims: { kind: "root" } })],
    ["a numeric customer", "auth.token_claims_invalid", () => tokenOf({ claims: { customer_id: 7 } })],
    ["a life longer than an hour", "auth.token_lifetime_too_long", () => tokenOf({ claims: { exp: nowS + 3_601 } })],
    ["an ID token's type", "auth.token_wrong_type", () => tokenOf({ header: { typ: "JWT" } })],
    ["no type", "auth.token_wrong_type", () => tokenOf({ header: { typ: undefined } })],
    ["an unknown key", "auth.token_unknown_key", () => tokenOf({ header: { kid: "nobody" } })],
    ["another's signature under a known key id", "auth.token_signature_invalid", () => tokenOf({ pair: stranger })],
    [
      "an algorithm outside of the list, by a known key",
      "auth.token_algorithm_not_allowed",
      () => tokenOf({ pair: ps }),
    ],
    [
      "an unknown critical header",
      "auth.token_algorithm_not_allowed",
      async () => spliced(await tokenOf(), { crit: ["exotic"], exotic: true }),
    ],
    ["alg none", "auth.token_algorithm_not_allowed", async () => unsigned()],
    [
      "a public key used as a shared secret",
      "auth.token_algorithm_not_allowed",
      async () => spliced(await tokenOf(), { alg: "HS256" }),
    ],
    ["a changed payload", "auth.token_signature_invalid", async () => tampered(await tokenOf())],
    ["a changed signature", "auth.token_signature_invalid", async () => `${(await tokenOf()).slice(0, -4)}AAAA`],
    ["two parts", "auth.token_malformed", async () => (await tokenOf()).split(".").slice(0, 2).join(".")],
    ["not a token", "auth.token_malformed", () => "hello"],
    ["empty", "auth.token_malformed", () => ""],
    ["parts that are not JSON", "auth.token_malformed", () => "aGVsbG8.aGVsbG8.aGVsbG8"],
    ["larger than any of ours", "auth.token_malformed", () => "a".repeat(8_193)],
  ];
  const unsigned = () =>
    `${new UnsecuredJWT(validClaims).encode().replace(/^[^.]+/, encode({ alg: "none", typ: "at+jwt" }))}`;
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const spliced = (token: string, header: Record<string, unknown>) => {
    const [old = "", ...rest] = token.split(".");
    return [encode({ ...JSON.parse(Buffer.from(old, "base64url").toString()), ...header }), ...rest].join(".");
  };
  const tampered = (token: string) => {
    const [header, payload = "", signature] = token.split(".");
    return [
      header,
      encode({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), roles: ["operator"] }),
      signature,
    ].join(".");
  };

  it.each(rows)("%s -> %s", async (_rule, slug, token) => {
    const error = await failureOf(make().authenticate(await token()));
    expect([error.kind, error.code, error.retryable]).toEqual(["unauthenticated", slug, false]);
    expect(error.message).not.toMatch(/jose|kid|JWKS|"|nobody|stack/i);
  });

  it("keys in the token's own header are not believed", async () => {
    const token = await tokenOf({
      pair: stranger,
      header: { kid: "stranger", jwk: stranger.jwk, jku: "https://evil.test/jwks.json" },
    });
    expect((await failureOf(make().authenticate(token))).code).toBe("auth.token_unknown_key");
  });
});

describe("the cache of verified tokens", () => {
  it("does not outlive the token", async () => {
    const clock = manualClock();
    const authenticator = make({ clock, cacheMs: 86_400_000 });
    const token = await tokenOf();
    await authenticator.authenticate(token);
    clock.advance(906_000);
    expect((await failureOf(authenticator.authenticate(token))).code).toBe("auth.token_expired");
  });

  it("asks for revocation every time", async () => {
    const revoked = new Set<string>();
    const authenticator = make({ isRevoked: (id) => revoked.has(id) });
    const token = await tokenOf();
    await authenticator.authenticate(token);
    revoked.add("token-1");
    expect((await failureOf(authenticator.authenticate(token))).code).toBe("auth.token_revoked");
  });

  it("forgets the oldest when full, and serves the same principal while it remembers", async () => {
    const authenticator = make({ cacheEntries: 1 });
    const [a, b] = await Promise.all([tokenOf({ claims: { sub: "a" } }), tokenOf({ claims: { sub: "b" } })]);
    const first = await authenticator.authenticate(a);
    expect(await authenticator.authenticate(a)).toBe(first);
    await authenticator.authenticate(b);
    expect(await authenticator.authenticate(a)).not.toBe(first);
  });
});

describe("keys over HTTP", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  const serve = async (answer: () => { readonly status: number; readonly body: unknown }) => {
    let fetches = 0;
    server = createServer((_req, res) => {
      fetches += 1;
      const { status, body } = answer();
      res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`, fetches: () => fetches };
  };
  const remote = (jwksUrl: string, extra = {}) =>
    createAuthenticator({ issuer, audience, jwksUrl, clock: manualClock(), ...extra });

  it("are fetched once for many tokens at once", async () => {
    const { url, fetches } = await serve(() => ({ status: 200, body: { keys: [ed.jwk] } }));
    const authenticator = remote(url);
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => tokenOf({ claims: { jti: `t${n}` } })));
    await Promise.all(tokens.map((token) => authenticator.authenticate(token)));
    expect(fetches()).toBe(1);
  });

  it("are not fetched again for made-up key ids within the cooldown", async () => {
    const { url, fetches } = await serve(() => ({ status: 200, body: { keys: [ed.jwk] } }));
    const authenticator = remote(url);
    await authenticator.authenticate(await tokenOf());
    for (let n = 0; n < 20; n += 1) {
      const error = await failureOf(authenticator.authenticate(await tokenOf({ header: { kid: `made-up-${n}` } })));
      expect(error.code).toBe("auth.token_unknown_key");
    }
    expect(fetches()).toBe(1);
  });

  it("are fetched again for a new key after the cooldown: a rotation needs no restart", async () => {
    const keys = [ed.jwk];
    const { url } = await serve(() => ({ status: 200, body: { keys } }));
    const authenticator = remote(url, { jwksCooldownMs: 0 });
    await authenticator.authenticate(await tokenOf());
    keys.push(es.jwk);
    await expect(authenticator.authenticate(await tokenOf({ pair: es }))).resolves.toMatchObject({ subject: "user-1" });
  });

  it("that cannot be had are our outage, not the caller's fault", async () => {
    const { url } = await serve(() => ({ status: 503, body: {} }));
    const error = await failureOf(remote(url).authenticate(await tokenOf()));
    expect([error.kind, error.code, error.retryable]).toEqual(["unavailable", "auth.keys_unavailable", true]);
    const refused = await failureOf(remote("http://127.0.0.1:1/jwks").authenticate(await tokenOf()));
    expect(refused.code).toBe("auth.keys_unavailable");
    expect(refused.message).not.toContain("127.0.0.1");
  });
});

it("an authenticator needs exactly one source of keys", () => {
  expect(() => createAuthenticator({ issuer, audience })).toThrow(TypeError);
  expect(() => make({ jwksUrl: "http://127.0.0.1:1/jwks" })).toThrow(TypeError);
});
