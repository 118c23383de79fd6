import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AuditRecordedSchema } from "@tandem/contracts/common-operations";
import { type Clock, newId } from "@tandem/kernel";
import { newEvent, type Outbox } from "@tandem/messaging";
import type { Transaction } from "@tandem/postgres";

export interface AuditedAction {
  /** The token's subject. */
  readonly actor: string;
  /** `dead-letter.replay` */
  readonly action: string;
  readonly targetKind: string;
  readonly target: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Tells the platform's audit trail what somebody did, in the transaction in which it was done: neither is there without the other. */
export type AuditTrail = (tx: Transaction, action: AuditedAction) => Promise<void>;

export const makeAuditTrail =
  ({
    context,
    outbox,
    clock,
  }: {
    readonly context: string;
    readonly outbox: Outbox;
    readonly clock: Clock;
  }): AuditTrail =>
  (tx, { details, ...action }) =>
    outbox.in(tx).add(
      newEvent(AuditRecordedSchema, {
        ...action,
        entryId: newId(),
        aggregateVersion: 1n,
        occurredAt: timestampFromDate(clock.now()),
        context,
        details: details ? JSON.stringify(details) : "",
      }),
    );
