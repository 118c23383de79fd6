import { createAuthenticator, servicePermissions } from "@tandem/auth";
import { decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyRing } from "../src/crypto/key-ring.ts";
import { createKeyVault } from "../src/crypto/key-vault.ts";
import { makeSigningKeyReader } from "../src/data/signing-key-reader.ts";
import { CLIENT_SECRET, type Harness, startHarness } from "./harness.ts";
import { peopleOf } from "./people.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const issuer = "http://issuer.test.invalid";
let auth: Harness;
let people: ReturnType<typeof peopleOf>;
beforeAll(async () => {
  auth = await startHarness();
  people = peopleOf(auth);
});
afterAll(() => auth[Symbol.asyncDispose]());

const kidsPublished = async (): Promise<string[]> =>
  (await auth.http("/.well-known/jwks.json")).json.keys.map(({ kid }: { kid: string }) => kid);
const serviceToken = async (): Promise<string> => {
  const { json } = await people.post("/auth/token", { client: "order", clientSecret: CLIENT_SECRET });
  return json.data.accessToken;
};
const kidOf = (token: string) => decodeProtectedHeader(token).kid;

describe("the published keys", () => {
  it("stand there as they are, without the envelope and without their private halves", async () => {
    const { status, headers, json } = await auth.http("/.well-known/jwks.json");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/jwk-set+json");
    expect(headers.get("cache-control")).toBe("public, max-age=300");
    expect(json.keys).toEqual([
      { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid: expect.any(String), x: expect.any(String) },
    ]);
    expect((await auth.http("/.well-known/openid-configuration")).json).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      token_endpoint: `${issuer}/auth/token`,
    });
  });

  it("are sealed in the database", async () => {
    const { rows } = await auth.database.query<{ kid: string; sealed_private: Buffer }>("select * from signing_key");
    const text = JSON.stringify(rows) + rows.map(({ sealed_private }) => sealed_private.toString("latin1")).join("");
    expect(text).not.toMatch(/"d"/);
  });

  it("refuse what others signed, under any name, with any algorithm", async () => {
    const jwks = (await auth.http("/.well-known/jwks.json")).json;
    const { authenticate } = createAuthenticator({ issuer, audience: "tandem", jwks, clock: auth.clock });
    const [kid = ""] = await kidsPublished();
    const nowS = auth.clock.now().getTime() / 1000;
    const claims = { iss: issuer, aud: "tandem", sub: "eve", jti: "1", iat: nowS, exp: nowS + 60, roles: ["operator"] };
    const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
    const sign = (header: object, key: Parameters<SignJWT["sign"]>[0]) =>
      new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", ...header }).sign(key);
    const slugOf = (token: string) =>
      authenticate(token).then(
        () => "accepted",
        ({ code }: { code: string }) => code,
      );

    expect(await slugOf(await sign({ kid }, privateKey))).toBe("auth.token_signature_invalid");
    expect(await slugOf(await sign({ kid: "foreign" }, privateKey))).toBe("auth.token_unknown_key");
    // The public key as the secret of an HMAC: the classic confusion.
    const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]));
    expect(await slugOf(await sign({ alg: "HS256", kid }, secret))).toBe("auth.token_algorithm_not_allowed");
    expect(await slugOf(new UnsecuredJWT(claims).encode())).toMatch(/^auth\.token_/);
    const embedded = await exportJWK((await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true })).publicKey);
    expect(await slugOf(await sign({ jwk: embedded }, privateKey))).not.toBe("accepted");
    expect(await slugOf(await serviceToken())).toBe("accepted");
  });

  it("rotate: the next is published before it signs, and the last is withdrawn after its tokens have ended", async () => {
    const [first] = await kidsPublished();
    expect(await auth.runJob("auth.key-rotation")).toEqual({ created: null, withdrawn: 0 });
    auth.clock.advance(30 * DAY);
    expect(await auth.runJob("auth.key-rotation")).toMatchObject({ created: expect.any(String) });
    expect(await auth.runJob("auth.key-rotation")).toEqual({ created: null, withdrawn: 0 });
    auth.clock.advance(MINUTE);
    const [, second] = await kidsPublished();
    expect(second).toBeDefined();
    expect(kidOf(await serviceToken())).toBe(first);
    auth.clock.advance(13 * MINUTE);
    const old = await serviceToken();
    auth.clock.advance(2 * MINUTE);
    expect(kidOf(await serviceToken())).toBe(second);
    expect((await people.authenticate(old)).subject).toBe("service:order");
    auth.clock.advance(118 * MINUTE);
    expect(await auth.runJob("auth.key-rotation")).toEqual({ created: null, withdrawn: 0 });
    auth.clock.advance(MINUTE);
    expect(await auth.runJob("auth.key-rotation")).toEqual({ created: null, withdrawn: 1 });
    auth.clock.advance(MINUTE);
    expect(await kidsPublished()).toEqual([second]);
  });
});

describe("a service", () => {
  it("gets its own short token for its secret, and is no user", async () => {
    const { json, headers } = await people.post("/auth/token", { client: "order", clientSecret: CLIENT_SECRET });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(json.data.expiresIn).toBe(900);
    const principal = await people.authenticate(json.data.accessToken);
    expect(principal).toMatchObject({ subject: "service:order", kind: "service", roles: [] });
    expect(principal.permissions).toEqual(servicePermissions.get("order"));
  });

  it.each([
    ["order", "wrong", 401],
    ["payment", CLIENT_SECRET, 401],
    ["constructor", CLIENT_SECRET, 401],
    ["Order", CLIENT_SECRET, 400],
    ["", CLIENT_SECRET, 400],
    ["order", "", 400],
  ])("%j with %j is answered %i", async (client, clientSecret, status) => {
    expect((await people.post("/auth/token", { client, clientSecret })).status).toBe(status);
  });
});

describe("the vault", () => {
  const [old, present] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;

  it("opens what it sealed, also under the key before, and nothing that was changed or moved", async () => {
    const before = createKeyVault([old]);
    const sealed = await before.create();
    expect(before.open(sealed)).toMatchObject({ kty: "OKP", d: expect.any(String) });
    expect(createKeyVault([present, old]).open(sealed)).toMatchObject({ kty: "OKP" });
    expect(() => createKeyVault([present]).open(sealed)).toThrow(/no key encryption key/);
    expect(() => before.open({ ...sealed, kid: "another" })).toThrow();
    for (let at = 0; at < sealed.sealedPrivate.length; at += 7) {
      const changed = Buffer.from(sealed.sealedPrivate);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => before.open({ ...sealed, sealedPrivate: changed })).toThrow();
    }
  });
});

describe("the key ring", () => {
  it("goes on with the keys that it knows while the database is away, and says so when it knows none", async () => {
    const vault = createKeyVault([
      Buffer.from("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "hex"),
    ]);
    const reader = makeSigningKeyReader(auth.database.orm);
    let away = false;
    const keys = { listAll: () => (away ? Promise.reject(new Error("away")) : reader.listAll()) };
    const ring = createKeyRing({ keys, vault, issuer, audience: "tandem", clock: auth.clock });
    const claims = { subject: "service:x", kind: "service", roles: [], ttlSeconds: 60 } as const;
    const token = await ring.sign(claims);
    away = true;
    auth.clock.advance(10 * MINUTE);
    expect(kidOf(await ring.sign(claims))).toBe(kidOf(token));
    const empty = createKeyRing({
      keys: { listAll: async () => [] },
      vault,
      issuer,
      audience: "tandem",
      clock: auth.clock,
    });
    await expect(empty.sign(claims)).rejects.toMatchObject({ code: "auth.keys_unavailable", kind: "unavailable" });
    await expect(
      createKeyRing({ keys, vault, issuer, audience: "tandem", clock: auth.clock }).sign(claims),
    ).rejects.toThrow("away");
  });
});
