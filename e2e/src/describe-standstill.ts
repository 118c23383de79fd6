import { type ContextName, serviceCatalogue } from "@tandem/contracts";
import type { Databases } from "./databases.ts";

/** What no queue shows and somebody may be waiting for: put aside, or failing again and again. */
const ASIDE: readonly (readonly [what: string, sql: string])[] = [
  [
    "dead letter",
    "select consumer, event_id, reason, error_code, error_message from tandem.dead_letter where status <> 'replayed'",
  ],
  [
    "failed try",
    "select consumer, event_id, attempts, error_code, error_message, last_failed_at from tandem.consumer_attempt",
  ],
  ["parked event", "select seq, crashes, attempts, reason, error from tandem.outbox_parked"],
];

/** Where the unfinished are, and what came last. */
const UNFINISHED: readonly (readonly [what: string, context: ContextName, sql: string])[] = [
  [
    "saga",
    "order",
    `select s.id, s.status, s.state, s.updated_at, t.fire_at, l.last from tandem.saga s left join tandem.saga_timer t using (name, id),
       lateral (select string_agg(concat_ws(' ', x.event_type, x.outcome), ', ' order by x.no) as last
         from (select * from tandem.saga_step where (name, id) = (s.name, s.id) order by no desc limit 4) x) l
     where s.status not in ('completed', 'compensated')`,
  ],
  [
    "parcel",
    "fulfillment",
    "select id, order_id, status, status_since, shipment_id from fulfillment where status not in ('DELIVERED', 'CANCELLED', 'FAILED')",
  ],
  [
    "shipment",
    "shipping",
    `select s.id, s.order_id, s.status, s.handed_over, s.updated_at, o.kind, o.due_at, o.attempts, o.last_error
     from shipment s left join operation o on o.shipment_id = s.id and o.status = 'OPEN' where s.status not in ('DELIVERED', 'CANCELLED', 'FAILED')`,
  ],
  [
    "operation at the bank",
    "payment",
    "select id, payment_id, kind, due_at, attempts, last_error from operation where status = 'OPEN'",
  ],
  [
    "message",
    "notification",
    "select id, status, reason, attempts from notification where status in ('WAITING', 'PENDING', 'SENDING')",
  ],
];

const SHOWN = 4;

/** For the message of a suite that waited in vain: its databases are gone when somebody reads it. @returns a line each, a few of a kind */
export const describeStandstill = async (databases: Databases): Promise<string[]> => {
  const show = async (what: string, context: ContextName, sql: string): Promise<string[]> => {
    try {
      const rows = await databases.query(context, `${sql} limit ${SHOWN}`);
      return rows.map((row) => `${context}: ${what} ${JSON.stringify(row).slice(0, 500)}`);
    } catch (error) {
      return [`${context}: ${what}: cannot be asked for: ${String(error)}`];
    }
  };
  const places = [
    ...serviceCatalogue.flatMap(({ context }) => ASIDE.map(([what, sql]) => [what, context, sql] as const)),
    ...UNFINISHED,
  ];
  return (await Promise.all(places.map((place) => show(...place)))).flat();
};
