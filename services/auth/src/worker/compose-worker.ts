import type { Platform, WorkerParts } from "@tandem/chassis";
import type { z } from "zod";
import { makeCleanUp } from "../biz/clean-up.ts";
import { makeEraseUser } from "../biz/manage-users.ts";
import { makeRotateKeys } from "../biz/rotate-keys.ts";
import type { authWorkerConfig } from "../config/config.ts";
import { createKeyVault } from "../crypto/key-vault.ts";
import { makeAuthUnitOfWork } from "../data/unit-of-work.ts";
import { keyRotation } from "./cron/key-rotation.ts";
import { tokenCleanup } from "./cron/token-cleanup.ts";
import { onCustomerUpdated } from "./event/on-customer-updated.ts";

export const composeWorker = ({
  database,
  outbox,
  clock,
  config,
}: Platform<z.output<typeof authWorkerConfig>>): WorkerParts => {
  const uow = makeAuthUnitOfWork(database, outbox);
  const master = config.AUTH_KEY_ENCRYPTION_KEY;
  const previous = config.AUTH_KEY_ENCRYPTION_KEY_PREVIOUS;
  const policy = {
    rotateAfterMs: config.KEY_ROTATE_AFTER_MS,
    leadMs: config.KEY_LEAD_MS,
    retainMs: config.KEY_RETAIN_MS,
  };
  const rotateKeys =
    master && makeRotateKeys({ uow, keys: createKeyVault(previous ? [master, previous] : [master]), policy, clock });
  return {
    consumers: [onCustomerUpdated({ eraseUser: makeEraseUser({ uow, clock }) })],
    jobs: [
      tokenCleanup({
        cleanUp: makeCleanUp({ uow, clock, keepMs: config.OVER_KEEP_MS, forgetMs: config.LOGIN_FORGET_MS }),
      }),
      keyRotation({ rotateKeys }),
    ],
  };
};
