import { startTestService, type TestService } from "@tandem/testkit/service";
import { commonOperationsApiConfig, commonOperationsWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export type Harness = TestService;

export const startHarness = (): Promise<TestService> =>
  startTestService({
    context: "common-operations",
    migrations,
    api: { config: commonOperationsApiConfig, compose: composeApi },
    worker: { config: commonOperationsWorkerConfig, compose: composeWorker },
  });
