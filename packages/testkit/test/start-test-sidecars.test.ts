import { startTestSidecars } from "@tandem/testkit/sidecars";
import { expect, test } from "vitest";

test("sidecars come up on free ports, answer, and are gone with their database", async () => {
  const sidecars = await startTestSidecars({ apps: [{ appId: "order", appProtocol: "http" }] });
  const { httpPort, grpcPort } = sidecars.sidecar("order");
  expect(httpPort).not.toBe(grpcPort);
  const health = `http://127.0.0.1:${httpPort}/v1.0/healthz/outbound`;
  expect((await fetch(health)).status).toBe(204);
  await sidecars.stop();
  await expect(fetch(health)).rejects.toThrow("fetch failed");
});
