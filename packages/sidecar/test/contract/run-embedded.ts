import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTestDatabase } from "@tandem/testkit";
import { freePorts } from "../free-ports.ts";
import { apiToken, appApiToken, type Implementation } from "./implementation.ts";
import { runProcess, waitUntilUp } from "./run-process.ts";
import { renderContractComponents } from "./topology.ts";

const main = resolve(import.meta.dirname, "../../src/main.ts");

/** One process with the sidecars of all apps, as a laptop has it. */
export const embedded: Implementation = {
  name: "embedded",
  start: async (apps) => {
    const database = await createTestDatabase();
    const dir = await mkdtemp(join(tmpdir(), "tandem-embedded-"));
    await Promise.all(
      Object.entries(renderContractComponents()).map(([name, text]) => writeFile(join(dir, name), text)),
    );
    const free = await freePorts(Object.keys(apps).length * 2);
    const sidecars = Object.entries(apps).map(([appId, { appPort, protocol }], at) => ({
      appId,
      appPort,
      appProtocol: protocol,
      grpcPort: free[at * 2] ?? 0,
      httpPort: free[at * 2 + 1] ?? 0,
      apiToken,
      appApiToken,
    }));
    const config = { databaseUrl: database.url, componentsDir: dir, apps: sidecars, healthIntervalMs: 100 };
    await writeFile(join(dir, "sidecars.json"), JSON.stringify(config));
    const env = { SIDECAR_CONFIG: join(dir, "sidecars.json") };
    const run = async () => {
      const child = runProcess({
        command: process.execPath,
        args: [main],
        env,
        cwd: dir,
        logFile: join(dir, "sidecars.log"),
      });
      await Promise.all(sidecars.map((ports) => waitUntilUp(ports, child)));
      return child;
    };
    let child = await run();
    return {
      ports: (appId) => {
        const found = sidecars.find((one) => one.appId === appId);
        if (found === undefined) throw new Error(`no app ${appId}`);
        return found;
      },
      crash: async () => {
        await child.stop("SIGKILL");
        child = await run();
      },
      [Symbol.asyncDispose]: async () => {
        await child.stop("SIGTERM");
        await rm(dir, { recursive: true, force: true });
        await database.dispose();
      },
    };
  },
};
