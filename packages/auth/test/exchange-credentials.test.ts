import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { manualClock } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServiceTokenSource, exchangeCredentials } from "../src/index.ts";

let answer: { status: number; body: unknown } = { status: 200, body: {} };
let bodies: unknown[] = [];
let server: Server;
let tokenUrl: string;
beforeEach(async () => {
  bodies = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      response
        .writeHead(answer.status)
        .end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/token`;
});
afterEach(() => stop());
const stop = async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};
const credentials = () => ({ tokenUrl, client: "order", clientSecret: "s3cret" });
const issue = (accessToken: string, expiresIn = 900) => {
  answer = { status: 200, body: { code: 0, data: { accessToken, expiresIn } } };
};

describe("credentials", () => {
  it("are exchanged for a token", async () => {
    issue("t1");
    expect(await exchangeCredentials(credentials())).toEqual({ token: "t1", expiresInS: 900 });
    expect(bodies).toEqual([{ client: "order", clientSecret: "s3cret" }]);
  });

  it.each([
    [401, {}, "auth.client_refused", "internal"],
    [400, {}, "auth.client_refused", "internal"],
    [503, {}, "auth.token_unavailable", "unavailable"],
    [200, { data: {} }, "auth.token_unavailable", "unavailable"],
    [200, "no json", "auth.token_unavailable", "unavailable"],
  ])("answered with %i %j are %s", async (status, body, code, kind) => {
    answer = { status, body };
    await expect(exchangeCredentials(credentials())).rejects.toMatchObject({ code, kind });
  });

  it("that reach nobody are an outage", async () => {
    await stop();
    await expect(exchangeCredentials(credentials())).rejects.toMatchObject({
      code: "auth.token_unavailable",
      retryable: true,
    });
  });
});

describe("a source of tokens by credentials", () => {
  it("renews ahead of the end, keeps the present one through an outage, and gives none beyond its end", async () => {
    const clock = manualClock(new Date("2026-01-01T00:00:00Z"));
    const source = createServiceTokenSource({ serviceName: "order", audience: "", credentials: credentials(), clock });
    issue("t1");
    expect(await Promise.all([source.token(), source.token()])).toEqual(["t1", "t1"]);
    clock.advance(839_000);
    issue("t2");
    expect(await source.token()).toBe("t1");
    clock.advance(1_000);
    expect(await source.token()).toBe("t2");
    answer = { status: 503, body: {} };
    clock.advance(890_000);
    expect(await source.token()).toBe("t2");
    clock.advance(9_500);
    await expect(source.token()).rejects.toMatchObject({ code: "auth.token_unavailable" });
    issue("t3");
    expect(await source.token()).toBe("t3");
    expect(bodies).toHaveLength(5);
  });
});
