import { join } from "node:path";
import {
  type EmbeddedSidecarOptions,
  type EmbeddedSidecars,
  type SidecarApp,
  startEmbeddedSidecars,
} from "@tandem/sidecar";
import { captureLog } from "./capture-log.ts";
import { createTestDatabase } from "./create-test-database.ts";

export interface TestSidecarOptions extends Partial<Pick<EmbeddedSidecarOptions, "faults" | "log" | "componentsDir">> {
  /** Ports may be left out: free ones are taken. `appPort` absent: the app is only a caller. */
  readonly apps: readonly (Pick<SidecarApp, "appId" | "appProtocol"> & Partial<SidecarApp>)[];
  /** Default 50: a test should not wait a second for the first delivery. */
  readonly healthIntervalMs?: number;
}

/** Embedded sidecars on a database of their own, with the components of `components/local` unless told otherwise. */
export const startTestSidecars = async ({ apps, ...options }: TestSidecarOptions): Promise<EmbeddedSidecars> => {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await createTestDatabase());
  const sidecars = stack.use(
    await startEmbeddedSidecars({
      componentsDir: join(import.meta.dirname, "../../../components/local"),
      log: captureLog("warn").log,
      healthIntervalMs: 50,
      ...options,
      databaseUrl: url,
      apps: apps.map((app) => ({ grpcPort: 0, httpPort: 0, ...app })),
    }),
  );
  const running = stack.move();
  const stop = () => running.disposeAsync();
  return { ...sidecars, stop, [Symbol.asyncDispose]: stop };
};
