import { createServer } from "node:http";
import { captureLog } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { startEmbeddedSidecars } from "../src/index.ts";
import { runInProcess } from "./run-in-process.ts";

/** An API that says who asked. */
const startApi = async () => {
  const server = createServer((request, response) => {
    response.end(`${request.headers["dapr-caller-app-id"]} asked for ${request.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
};

describe("sidecars of one database in two hosts", () => {
  it("invoke an API whose sidecar the other one hosts, if they were told of it", async () => {
    await using api = await startApi();
    await using run = await runInProcess();
    const other = (peers: boolean) =>
      startEmbeddedSidecars({
        databaseUrl: run.database.url,
        componentsDir: run.componentsDir,
        apps: [{ appId: "late-worker", grpcPort: 0, httpPort: 0, appProtocol: "grpc" }],
        ...(peers ? { peers: [{ appId: "shelf", appPort: api.port, appProtocol: "http" as const }] } : {}),
        log: captureLog().log,
      });
    const ask = ({ httpPort }: { readonly httpPort: number }) =>
      fetch(`http://127.0.0.1:${httpPort}/books?n=1`, { headers: { "dapr-app-id": "shelf" } });

    await using told = await other(true);
    expect(await (await ask(told.sidecar("late-worker"))).text()).toBe("late-worker asked for /books?n=1");
    await using untold = await other(false);
    expect((await ask(untold.sidecar("late-worker"))).ok).toBe(false);
  });
});
