import { startTestService, type TestService } from "@tandem/testkit/service";
import { customerApiConfig, customerWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export type Harness = TestService;

export const startHarness = (): Promise<TestService> =>
  startTestService({
    context: "customer",
    migrations,
    api: { config: customerApiConfig, compose: composeApi },
    worker: { config: customerWorkerConfig, compose: composeWorker },
  });
