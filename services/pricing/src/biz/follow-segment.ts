import type { PricingUnitOfWork } from "./ports.ts";

/** Remembers which segment a customer is in, for quotes. By version, in any order; forgotten customers are in none. */
export const makeFollowSegment =
  ({ uow }: { readonly uow: PricingUnitOfWork }) =>
  (input: { customerId: string; segment: string; version: bigint }, signal?: AbortSignal): Promise<void> =>
    uow.transact(({ segments }) => segments.upsertIfNewer(input.customerId, input.segment, input.version), signal);
