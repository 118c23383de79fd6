import { createHash } from "node:crypto";
import type { Logger } from "@tandem/runtime";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { authApiConfig, authWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export type Harness = TestService;

export const CLIENT_SECRET = "a secret that only order knows";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

export const startHarness = (
  env: Readonly<Record<string, string>> = {},
  { log }: { readonly log?: Logger } = {},
): Promise<TestService> =>
  startTestService({
    ...(log ? { platform: { log } } : {}),
    context: "auth",
    migrations,
    api: { config: authApiConfig, compose: composeApi },
    worker: { config: authWorkerConfig, compose: composeWorker },
    env: {
      AUTH_KEY_ENCRYPTION_KEY: sha256("test"),
      AUTH_SERVICE_CLIENTS: JSON.stringify({ order: [sha256(CLIENT_SECRET)] }),
      AUTH_BOOTSTRAP_EMAIL: "root@tandem.test",
      AUTH_BOOTSTRAP_PASSWORD: "first operator's words",
      LOGINS_PER_MINUTE: "100000",
      REGISTRATIONS_PER_MINUTE: "100000",
      // Fast: what is tested is not the hash.
      ARGON2_MEMORY_KIB: "64",
      ARGON2_PASSES: "1",
      ANSWER_FLOOR_MS: "0",
      ...env,
    },
  });
