import type { Clock } from "@tandem/kernel";
import { planRotation, type RotationPolicy } from "../model/signing-key.ts";
import type { AuthUnitOfWork, KeyMaker } from "./ports.ts";

export interface RotateKeysDeps {
  readonly uow: AuthUnitOfWork;
  readonly keys: KeyMaker;
  readonly policy: RotationPolicy;
  readonly clock: Clock;
}

export interface RotationResult {
  readonly created: string | undefined;
  readonly withdrawn: readonly string[];
}

/** Makes the first key, or does what is due of a rotation. Any number of replicas may ask at once; `firstOnly` never does more than make the first. */
export const makeRotateKeys =
  ({ uow, keys, policy, clock }: RotateKeysDeps) =>
  ({ firstOnly = false }: { readonly firstOnly?: boolean } = {}, signal?: AbortSignal): Promise<RotationResult> =>
    uow.transact(async ({ signingKeys }) => {
      const now = clock.now();
      const present = await signingKeys.lockAll();
      if (firstOnly && present.length > 0) return { created: undefined, withdrawn: [] };
      const plan = planRotation(present, now, policy);
      const made = plan.create && { ...(await keys.create()), createdAt: now, activeFrom: plan.create };
      if (made) await signingKeys.create(made);
      await signingKeys.delete(plan.withdraw);
      return { created: made?.kid, withdrawn: plan.withdraw };
    }, signal);
