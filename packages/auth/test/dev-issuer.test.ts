import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthenticator, createDevIssuer, type DevIssuerOptions } from "../src/index.ts";

const base: DevIssuerOptions = { issuer: "http://dev.test", audience: "tandem", env: {} };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tandem-auth-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("the development issuer", () => {
  it("mints tokens that an authenticator of the same issuer accepts, over HTTP keys too", async () => {
    await using dev = await createDevIssuer({ ...base, port: 0 });
    const authenticator = createAuthenticator({
      issuer: base.issuer,
      audience: base.audience,
      jwksUrl: dev.jwksUrl as string,
    });
    const token = await dev.mint({ subject: "user-1", roles: ["customer"], customerId: "c-1", ttlSeconds: 60 });
    expect(await authenticator.authenticate(token)).toMatchObject({
      subject: "user-1",
      customerId: "c-1",
      roles: ["customer"],
    });
  });

  it.each([
    ["NODE_ENV=production", { NODE_ENV: "production" }],
    ["Kubernetes", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }],
  ])("does not start in %s", async (_name, env) => {
    await expect(createDevIssuer({ ...base, env })).rejects.toThrow(/does not start in production/);
  });

  it("keeps its key between runs in a file that only its owner can read", async () => {
    const keyFile = join(dir, "keys", "dev.jwk");
    const first = await createDevIssuer({ ...base, keyFile });
    const token = await first.mint({ subject: "user-1" });
    const second = await createDevIssuer({ ...base, keyFile });
    const authenticator = createAuthenticator({ issuer: base.issuer, audience: base.audience, jwks: second.jwks });
    await expect(authenticator.authenticate(token)).resolves.toMatchObject({ subject: "user-1" });
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  });

  it("ends with one key when many processes make it at once", async () => {
    const keyFile = join(dir, "dev.jwk");
    const issuers = await Promise.all(Array.from({ length: 8 }, () => createDevIssuer({ ...base, keyFile })));
    expect(new Set(issuers.map(({ jwks }) => jwks.keys[0]?.kid)).size).toBe(1);
  });

  it("refuses a key file that others can read, and one that is damaged", async () => {
    const keyFile = join(dir, "dev.jwk");
    await writeFile(keyFile, "{}", { mode: 0o644 });
    await expect(createDevIssuer({ ...base, keyFile })).rejects.toThrow(/open to others/);
    const damaged = join(dir, "damaged.jwk");
    await writeFile(damaged, '{"kty":', { mode: 0o600 });
    await expect(createDevIssuer({ ...base, keyFile: damaged })).rejects.toThrow();
  });

  it("publishes no private part", async () => {
    const keyFile = join(dir, "dev.jwk");
    await using dev = await createDevIssuer({ ...base, port: 0, keyFile });
    const { d } = JSON.parse(await readFile(keyFile, "utf8"));
    expect(d).toBeTypeOf("string");
    const published = await (await fetch(dev.jwksUrl as string)).text();
    expect(published).not.toContain(d);
    expect(JSON.parse(published).keys[0]).not.toHaveProperty("d");
  });

  it.each([0, -1, 3_601, 1.5, Number.NaN])("mints nothing for a life of %s seconds", async (ttlSeconds) => {
    const dev = await createDevIssuer(base);
    await expect((async () => dev.mint({ subject: "user-1", ttlSeconds }))()).rejects.toThrow(RangeError);
  });

  it("stamps tokens by its own clock", async () => {
    const clock = manualClock();
    const dev = await createDevIssuer({ ...base, clock });
    const token = await dev.mint({ subject: "user-1", ttlSeconds: 10 });
    const authenticator = createAuthenticator({ issuer: base.issuer, audience: base.audience, jwks: dev.jwks, clock });
    await authenticator.authenticate(token);
    clock.advance(16_000);
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({ code: "auth.token_expired" });
  });
});

describe("POST /token", () => {
  const post = (url: string, body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
    fetch(`${url}/token`, { method: "POST", body, headers });

  it("gives a curl user a token", async () => {
    await using dev = await createDevIssuer({ ...base, port: 0 });
    const answer = await post(dev.url as string, '{"subject":"ada","roles":["staff"],"ttlSeconds":120}');
    const { access_token, expires_in, token_type } = (await answer.json()) as {
      access_token: string;
      expires_in: number;
      token_type: string;
    };
    expect([answer.status, expires_in, token_type]).toEqual([200, 120, "Bearer"]);
    const authenticator = createAuthenticator({ issuer: base.issuer, audience: base.audience, jwks: dev.jwks });
    expect(await authenticator.authenticate(access_token)).toMatchObject({ subject: "ada", roles: ["staff"] });
  });

  it.each([
    ["not JSON", "{"],
    ["a list", "[]"],
    ["no subject", "{}"],
    ["an unknown role", '{"subject":"a","roles":["root"]}'],
    ["an unknown field", '{"subject":"a","admin":true}'],
    ["a life too long", '{"subject":"a","ttlSeconds":86400}'],
    ["a life as text", '{"subject":"a","ttlSeconds":"60"}'],
    ["an empty customer", '{"subject":"a","customerId":""}'],
    ["a kind that is none", '{"subject":"a","kind":"root"}'],
    ["a body too large", `{"subject":"${"a".repeat(20_000)}"}`],
  ])("answers 400 and says why for %s", async (_name, body) => {
    await using dev = await createDevIssuer({ ...base, port: 0 });
    const answer = await post(dev.url as string, body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message.length).toBeGreaterThan(5);
  });

  it("wants JSON, so that a web page cannot post a form to it", async () => {
    await using dev = await createDevIssuer({ ...base, port: 0 });
    expect((await post(dev.url as string, '{"subject":"a"}', { "content-type": "text/plain" })).status).toBe(400);
  });

  it("answers local names only, so that a page cannot rebind its own to it", async () => {
    await using dev = await createDevIssuer({ ...base, port: 0 });
    const status = await new Promise((resolve, reject) => {
      request(`${dev.url}/.well-known/jwks.json`, { headers: { host: "evil.test" } }, (res) => resolve(res.statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
    expect((await fetch(`${dev.url}/other`)).status).toBe(404);
  });

  it("stops, and can be stopped again", async () => {
    const dev = await createDevIssuer({ ...base, port: 0 });
    await dev.stop();
    await dev.stop();
    await expect(fetch(dev.jwksUrl as string)).rejects.toThrow();
  });
});
