import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Daprd, findTool, startDaprd } from "@tandem/toolchain";
import { afterEach, describe, expect, it } from "vitest";

// What src/contexts/shutdown-times.ts builds on, asked of a real daprd.

const BLOCK_SECONDS = 20;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const writeSettings = () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-shutdown-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const resourcesDir = join(folder, "resources");
  const configFile = join(folder, "config.yaml");
  mkdirSync(resourcesDir);
  const names = `{component: sqlite, version: v1, configuration: {connectionString: ${join(folder, "names.db")}}}`;
  const lines = ["apiVersion: dapr.io/v1alpha1", "kind: Configuration", "metadata: {name: tandem}"];
  writeFileSync(configFile, [...lines, "spec:", `  nameResolution: ${names}`].join("\n"));
  return { resourcesDir, configFile };
};

/** Not a port that the system gives away: when the app has left it, a server of another test could get it, and answer. */
const listenBelowEphemeral = async (app: Server): Promise<void> => {
  for (;;) {
    const listening = once(app, "listening");
    app.listen(20_000 + Math.floor(Math.random() * 10_000), "127.0.0.1");
    if (await listening.then(Boolean, () => false)) return;
  }
};

/** An app with its sidecar, and a caller with its own. */
const start = async () => {
  const app = createServer((_, response) => response.end("ok"));
  await listenBelowEphemeral(app);
  const leave = () => {
    app.close();
    app.closeAllConnections();
  };
  closing.push(leave);
  const settings = writeSettings();
  const keep = (sidecar: Daprd): Daprd => {
    closing.push(() => sidecar.kill());
    return sidecar;
  };
  const sidecar = keep(
    await startDaprd({
      ...settings,
      appId: "callee",
      appPort: (app.address() as AddressInfo).port,
      appProtocol: "http",
      // Slow to notice that the app is gone, for the test to look at the time between.
      appHealth: { intervalSeconds: 5, timeoutMs: 900, threshold: 3 },
      args: ["--app-health-check-path", "/livez", "--dapr-block-shutdown-duration", `${BLOCK_SECONDS}s`],
    }),
  );
  const caller = keep(await startDaprd({ ...settings, appId: "caller" }));
  const call = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${caller.httpPort}/v1.0/invoke/callee/method/work`);
    const text = await answer.text();
    // Of an answer that nobody expected one wants to know whose it is.
    return answer.ok ? `${answer.status} ${text}` : String(answer.status);
  };
  await expect.poll(call, { timeout: 30_000 }).toBe("200 ok");
  let gone = false;
  void sidecar.exited.then(() => {
    gone = true;
  });
  /** SIGTERM, which the sidecar has understood and not yet followed. */
  const tellToGo = async () => {
    process.kill(sidecar.pid, "SIGTERM");
    await expect.poll(() => sidecar.lines().join("\n"), { timeout: 10_000 }).toContain("Blocking graceful shutdown");
  };
  return { leave, call, tellToGo, isGone: () => gone };
};

// In CI nothing may be skipped: there it fails.
describe.skipIf(!findTool("daprd").found && process.env["CI"] !== "true")("a sidecar that is told to go", () => {
  it("serves its app's callers on for as long as it is told to block: an API may stay behind it", async () => {
    const { call, tellToGo, isGone } = await start();
    await tellToGo();
    const answers = await Promise.all(Array.from({ length: 50 }, call));
    expect(new Set(answers)).toEqual(new Set(["200 ok"]));
    expect(isGone()).toBe(false);
  });

  it("answers its callers with errors when the app has gone before: an API must not", async () => {
    const { leave, call, tellToGo, isGone } = await start();
    await tellToGo();
    leave();
    const answers = await Promise.all(Array.from({ length: 10 }, call));
    expect(new Set(answers)).toEqual(new Set(["500"]));
    expect(isGone()).toBe(false);
  });
});
