import { DeadLetterService, JobService, OutboxService } from "@tandem/contracts/common";
import type { Clock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { registerService, type ServiceRegistration } from "@tandem/rpc";
import { makeDeadLetterHandlers } from "./dead-letter-handlers.ts";
import { makeJobHandlers } from "./job-handlers.ts";
import { makeOutboxHandlers } from "./outbox-handlers.ts";

/** What a person needs when something is stuck; every context's API hosts it over its own database. */
export const operationsServices = ({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): readonly ServiceRegistration[] => [
  registerService(DeadLetterService, makeDeadLetterHandlers(database)),
  registerService(JobService, makeJobHandlers(database, clock)),
  registerService(OutboxService, makeOutboxHandlers(database)),
];
