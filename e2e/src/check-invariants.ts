import { type ContextName, serviceCatalogue } from "@tandem/contracts";
import type { Databases, Row } from "./databases.ts";
import { checkCopies } from "./invariants/check-copies.ts";
import { checkMessages } from "./invariants/check-messages.ts";
import { checkMoney } from "./invariants/check-money.ts";
import { checkNotifications } from "./invariants/check-notifications.ts";
import { checkStock } from "./invariants/check-stock.ts";

export interface Expectations {
  /** Dead letters that the test made on purpose. Default 0. */
  readonly deadLetters?: number;
}

/** Runs a query whose every row is a violation. */
export type FindViolations = (
  rule: string,
  context: ContextName,
  sql: string,
  values?: readonly unknown[],
) => Promise<string[]>;

/** What DESIGN promises, asked of every database by SQL once all is drained. @returns a line per violation */
export const checkInvariants = async (
  databases: Databases,
  { deadLetters = 0 }: Expectations = {},
): Promise<string[]> => {
  const find: FindViolations = async (rule, context, sql, values) =>
    (await databases.query(context, sql, values)).map((row) => `${context}: ${rule}: ${show(row)}`);
  const dead = await Promise.all(
    serviceCatalogue.map(({ context }) =>
      databases.query(context, "select consumer, reason, error_code, error_message, data from tandem.dead_letter"),
    ),
  );
  const letters = dead.flat();
  return (
    await Promise.all([
      ...serviceCatalogue.map(({ context }) => checkMessages(find, databases, context)),
      checkCopies(find, databases),
      checkSagas(find),
      checkStock(find, databases),
      checkMoney(find, databases),
      checkNotifications(find, databases),
      letters.length === deadLetters ? [] : letters.map((row) => `dead letter: ${show(row)}`),
    ])
  ).flat();
};

const checkSagas = async (find: FindViolations): Promise<string[]> =>
  (
    await Promise.all([
      find(
        "a saga that has not ended",
        "order",
        "select id, status, state from tandem.saga where status in ('running', 'compensating')",
      ),
      find("a saga that needs a person", "order", "select id, state, reason from tandem.saga where status = 'parked'"),
      find(
        "order and saga disagree",
        "order",
        `select o.id, o.status, s.status as saga from orders o full join tandem.saga s on s.id = o.id::text
         where (o.status, s.status) is distinct from ('COMPLETED', 'completed')
           and (o.status, s.status) is distinct from ('RETURNED', 'completed')
           and (o.status, s.status) is distinct from ('CANCELLED', 'compensated')`,
      ),
      find(
        "an event that moved a saga twice",
        "order",
        `select id, event_id, count(*) from tandem.saga_step where event_id is not null and outcome = 'applied'
         group by id, event_id having count(*) > 1`,
      ),
      find("a timer without a saga that runs", "order", "select id, version from tandem.saga_timer"),
      find(
        "announced twice",
        "order",
        `select subject, topic, count(*) from tandem.outbox_event
         where topic in ('order.created', 'order.confirmed', 'order.paid', 'order.completed')
         group by subject, topic having count(*) > 1`,
      ),
      find(
        "completed and cancelled",
        "order",
        `select subject from tandem.outbox_event where topic in ('order.completed', 'order.cancelled')
         group by subject having count(distinct topic) > 1`,
      ),
    ])
  ).flat();

const show = (row: Row): string => JSON.stringify(row).slice(0, 600);
