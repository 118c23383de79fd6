import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createDapr } from "../src/index.ts";

const listen = async (listener: RequestListener) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    httpPort: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};

describe("waitUntilReady", () => {
  it("asks /v1.0/healthz/outbound until the answer is a success", async () => {
    const asked: string[] = [];
    await using sidecar = await listen((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(asked.length < 3 ? 500 : 204).end();
    });
    await createDapr({ grpcPort: 1, httpPort: sidecar.httpPort }).waitUntilReady();
    expect(asked).toEqual(Array(3).fill("/v1.0/healthz/outbound"));
  });

  it("gives up after its time", async () => {
    await expect(
      createDapr({ grpcPort: 1, httpPort: 1 }).waitUntilReady(undefined, { timeoutMs: 150 }),
    ).rejects.toMatchObject({ kind: "unavailable", code: "dapr.not_ready" });
  });

  it("stops when it is told to", async () => {
    const abort = new AbortController();
    const waiting = createDapr({ grpcPort: 1, httpPort: 1 }).waitUntilReady(abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ kind: "cancelled", code: "dapr.cancelled" });
  });
});
