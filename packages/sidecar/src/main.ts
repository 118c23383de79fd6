import { readFile } from "node:fs/promises";
import { AppError } from "@tandem/kernel";
import { createLogger, runBinary } from "@tandem/runtime";
import { type EmbeddedSidecarOptions, startEmbeddedSidecars } from "./start-embedded-sidecars.ts";

/** The embedded sidecars as a process of their own. `SIDECAR_CONFIG` names a JSON file with {@link EmbeddedSidecarOptions}. */
await runBinary(async (env) => {
  const file = env["SIDECAR_CONFIG"];
  if (file === undefined) {
    throw new AppError("invalid_argument", "sidecar.config_missing", "SIDECAR_CONFIG has to name a JSON file");
  }
  const config = JSON.parse(await readFile(file, "utf8")) as Omit<EmbeddedSidecarOptions, "log">;
  const log = createLogger({ service: "embedded-sidecar", level: env["LOG_LEVEL"] === "debug" ? "debug" : "info" });
  const running = await startEmbeddedSidecars({ ...config, log });
  const addresses = Object.fromEntries(
    running.sidecars.flatMap(({ appId, grpcPort, httpPort }) => [
      [`${appId} grpc`, `http://127.0.0.1:${grpcPort}`],
      [`${appId} http`, `http://127.0.0.1:${httpPort}`],
    ]),
  );
  log.info({ addresses }, "embedded sidecars are up");
  return { name: "embedded-sidecar", addresses, stop: () => running.stop(), failed: new Promise<never>(() => {}) };
});
