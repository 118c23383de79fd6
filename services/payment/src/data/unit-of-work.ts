import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { PaymentUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeClaimRepository } from "./claim-repository.ts";
import { makeOperationRepository } from "./operation-repository.ts";
import { makePaymentRepository } from "./payment-repository.ts";
import { makeSettlementFileRepository } from "./settlement-file-repository.ts";
import { makeSettlementRepository } from "./settlement-repository.ts";

/** @param onOperation called after a commit that asks something of the provider: the worker of this process need not poll for it */
export const makePaymentUnitOfWork = (
  database: Database,
  outbox: Outbox,
  onOperation: () => void = () => {},
): PaymentUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    payments: makePaymentRepository(tx),
    operations: makeOperationRepository(tx, onOperation),
    claims: makeClaimRepository(tx),
    settlements: makeSettlementRepository(tx),
    files: makeSettlementFileRepository(tx),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
