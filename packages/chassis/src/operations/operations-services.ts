import { DeadLetterService, JobService, OutboxService } from "@tandem/contracts/common";
import type { Clock } from "@tandem/kernel";
import type { Outbox } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { registerService, type ServiceRegistration } from "@tandem/rpc";
import { makeAuditTrail } from "./audit-trail.ts";
import { makeDeadLetterHandlers } from "./dead-letter-handlers.ts";
import { makeJobHandlers } from "./job-handlers.ts";
import { makeOutboxHandlers } from "./outbox-handlers.ts";

/** What a person needs when something is stuck; every context's API hosts it over its own database. What is done there is announced. */
export const operationsServices = ({
  context,
  database,
  outbox,
  clock,
}: {
  readonly context: string;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly clock: Clock;
}): readonly ServiceRegistration[] => {
  const audit = makeAuditTrail({ context, outbox, clock });
  return [
    registerService(DeadLetterService, makeDeadLetterHandlers(database, audit)),
    registerService(JobService, makeJobHandlers(database, clock, audit)),
    registerService(OutboxService, makeOutboxHandlers(database, audit)),
  ];
};
