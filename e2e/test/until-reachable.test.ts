import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serviceCatalogue } from "@tandem/contracts";
import { describe, expect, it } from "vitest";
import { untilReachable } from "../src/until-reachable.ts";

const operator = async () => "a token";

/** A door of which a test says what it answers. */
const openTestDoor = async (answerHealth: () => readonly string[], refusesJobsOf: (context: string) => boolean) => {
  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url ?? "";
    if (path === "/health") {
      const down = answerHealth();
      const contexts = serviceCatalogue.map(({ context }) => {
        const ok = !down.includes(context);
        return [context, { ok, state: ok ? "ready" : "unreachable" }];
      });
      return json(response, down.length === 0 ? 200 : 503, {
        ok: down.length === 0,
        contexts: Object.fromEntries(contexts),
      });
    }
    const context = path.split("/")[2] ?? "";
    if (!refusesJobsOf(context)) return response.writeHead(200, { "content-type": "application/proto" }).end();
    return json(response, 503, { code: "unavailable", message: `The context ${context} is not available now.` });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    gatewayUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

describe("a platform that has started", () => {
  it("is there when every context is ready, and a call through each circuit has been answered", async () => {
    const asked: string[] = [];
    let looks = 0;
    let calls = 0;
    await using door = await openTestDoor(
      () => {
        looks += 1;
        return looks < 3 ? ["auth"] : [];
      },
      (context) => {
        asked.push(context);
        if (context !== "auth") return false;
        calls += 1;
        return calls < 4;
      },
    );
    await untilReachable({ gatewayUrl: door.gatewayUrl, operator, intervalMs: 1 });
    expect(looks).toBe(3);
    expect(asked.filter((context) => context === "auth")).toHaveLength(4);
    // Those that have answered are left alone.
    expect(asked.filter((context) => context !== "auth").sort()).toEqual(
      serviceCatalogue.flatMap(({ context }) => (context === "auth" ? [] : [context])).sort(),
    );
  });

  it("names the contexts that do not become ready, and how they are", async () => {
    await using door = await openTestDoor(
      () => ["auth", "search"],
      () => false,
    );
    await expect(
      untilReachable({ gatewayUrl: door.gatewayUrl, operator, timeoutMs: 20, intervalMs: 1 }),
    ).rejects.toThrow(/^the gateway does not reach every context after 20 ms: \w+: unreachable; \w+: unreachable$/);
  });

  it("names the contexts whose circuits stay open", async () => {
    await using door = await openTestDoor(
      () => [],
      (context) => context === "order",
    );
    await expect(
      untilReachable({ gatewayUrl: door.gatewayUrl, operator, timeoutMs: 20, intervalMs: 1 }),
    ).rejects.toThrow(/after 20 ms: order: .*The context order is not available now/);
  });

  it("says so when no gateway answers at all", async () => {
    await expect(
      untilReachable({ gatewayUrl: "http://127.0.0.1:9", operator, timeoutMs: 20, intervalMs: 1 }),
    ).rejects.toThrow(/the gateway: /);
  });
});
