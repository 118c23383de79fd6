import { startTestService, type TestService } from "@tandem/testkit/service";
import { catalogApiConfig, catalogWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export type Harness = TestService;

export const startHarness = (): Promise<TestService> =>
  startTestService({
    context: "catalog",
    migrations,
    api: { config: catalogApiConfig, compose: composeApi },
    worker: { config: catalogWorkerConfig, compose: composeWorker },
  });
