import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRemoteKeys } from "../src/remote-keys.ts";

interface Pair {
  readonly jwk: JWK;
  readonly sign: () => Promise<string>;
}
const pairOf = async (kid: string): Promise<Pair> => {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: "EdDSA", use: "sig" },
    sign: () => new SignJWT({}).setProtectedHeader({ alg: "EdDSA", kid }).sign(privateKey),
  };
};

let keys: JWK[] = [];
let asked = 0;
let down = false;
let server: Server;
let url: string;
beforeEach(async () => {
  [keys, asked, down] = [[], 0, false];
  server = createServer((_, response) => {
    asked += 1;
    if (down) response.writeHead(503).end("down");
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("keys by HTTP", () => {
  const find = (get: ReturnType<typeof createRemoteKeys>, kid: string) =>
    get({ alg: "EdDSA", kid }, { payload: "", signature: "" });

  it("serve on, when the issuer is down and the copy is old; it is asked again after the cooldown only", async () => {
    const [a] = [await pairOf("a")];
    keys = [a.jwk];
    const get = createRemoteKeys({ url, cooldownMs: 60_000, timeoutMs: 1_000, freshMs: 0 });
    await find(get, "a");
    down = true;
    await find(get, "a");
    const askedWhenDown = asked;
    for (let n = 0; n < 10; n += 1) await find(get, "a");
    expect(asked).toBe(askedWhenDown);
  });

  it("are not there when the issuer was never reached, and are as soon as it is", async () => {
    const a = await pairOf("a");
    keys = [a.jwk];
    down = true;
    const get = createRemoteKeys({ url, cooldownMs: 60_000, timeoutMs: 1_000 });
    await expect(find(get, "a")).rejects.toThrow();
    down = false;
    await expect(find(get, "a")).resolves.toBeDefined();
  });

  it("are not trusted for ever", async () => {
    const a = await pairOf("a");
    keys = [a.jwk];
    const get = createRemoteKeys({ url, cooldownMs: 0, timeoutMs: 1_000, freshMs: 0, staleMs: 0 });
    await find(get, "a");
    down = true;
    await expect(find(get, "a")).rejects.toThrow();
  });

  it("that are new are fetched when a token names one; a withdrawn one is unknown, and an outage does not change that", async () => {
    const [a, b] = [await pairOf("a"), await pairOf("b")];
    keys = [a.jwk];
    const get = createRemoteKeys({ url, cooldownMs: 0, timeoutMs: 1_000 });
    await find(get, "a");
    keys = [b.jwk];
    await expect(find(get, "b")).resolves.toBeDefined();
    await expect(find(get, "a")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    down = true;
    await expect(find(get, "b")).resolves.toBeDefined();
    await expect(find(get, "c")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  });
});
