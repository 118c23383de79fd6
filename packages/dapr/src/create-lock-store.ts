import { randomUUID } from "node:crypto";
import type { SidecarConnection } from "./connect-to-sidecar.ts";
import { UnlockResponse_Status } from "./gen/dapr/proto/runtime/v1/lock_pb.ts";
import { callSidecar } from "./to-app-error.ts";

export interface HeldLock {
  readonly resource: string;
  readonly owner: string;
  /** False when it had expired or somebody else holds it by now: what it guarded may have run twice. */
  unlock(signal?: AbortSignal): Promise<boolean>;
}

/** Dapr's distributed locks, among the replicas of one app id. They expire and carry no fencing token: use them to save work, not to guard a write. */
export interface LockStore {
  /**
   * Undefined when somebody holds it.
   * @param leaseMs rounded up to whole seconds, which is what Dapr's API knows; 1000 to 3600000
   * @throws AppError `dapr.lock_failed`
   */
  tryLock(resource: string, leaseMs: number, signal?: AbortSignal): Promise<HeldLock | undefined>;
}

export const createLockStore = ({ client }: SidecarConnection, storeName: string): LockStore => {
  const unlock = (resourceId: string, lockOwner: string, signal?: AbortSignal): Promise<boolean> =>
    callSidecar("unlock", async () => {
      const { status } = await client.unlockAlpha1(
        { storeName, resourceId, lockOwner },
        signal === undefined ? {} : { signal },
      );
      if (status === UnlockResponse_Status.INTERNAL_ERROR) throw new Error("the lock store failed");
      return status === UnlockResponse_Status.SUCCESS;
    });

  return {
    tryLock: (resource, leaseMs, signal) =>
      callSidecar("lock", async () => {
        const owner = randomUUID();
        const expiryInSeconds = Math.max(1, Math.ceil(leaseMs / 1000));
        const request = { storeName, resourceId: resource, lockOwner: owner, expiryInSeconds };
        const { success } = await client.tryLockAlpha1(request, signal === undefined ? {} : { signal });
        return success ? { resource, owner, unlock: (stop) => unlock(resource, owner, stop) } : undefined;
      }),
  };
};
