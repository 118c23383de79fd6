import type { FindViolations } from "../check-invariants.ts";
import type { Databases, Row } from "../databases.ts";

interface Told extends Row {
  readonly id: string;
  readonly topic: string;
}

/** What is told of every time. Other events are told of when they concern the customer. */
const ALWAYS = {
  order: ["order.confirmed", "order.cancelled", "order.completed"],
  auth: ["auth.user_registered"],
} as const;

/** Every event that people hear of made one message, which was sent; nothing waits, nothing was given up. */
export const checkNotifications = async (find: FindViolations, databases: Databases): Promise<string[]> => {
  const found = await Promise.all([
    find(
      "a message that did not go out",
      "notification",
      "select id, template, channel, status, reason, attempts from notification where status not in ('SENT', 'SUPPRESSED')",
    ),
    find(
      "a message that was sent and not announced once",
      "notification",
      `select n.id, n.template, count(e.id) from notification n
       left join tandem.outbox_event e on e.subject = n.id::text and e.topic = 'notification.sent'
       where n.status = 'SENT' group by n.id having count(e.id) <> 1`,
    ),
  ]);
  const told = (
    await Promise.all(
      (Object.keys(ALWAYS) as (keyof typeof ALWAYS)[]).map((context) =>
        databases.query<Told>(context, "select id::text, topic from tandem.outbox_event where topic = any($1)", [
          ALWAYS[context],
        ]),
      ),
    )
  ).flat();
  const mails = new Map(
    (
      await databases.query<{ cause: string; n: string }>(
        "notification",
        "select cause_event_id as cause, count(*) as n from notification where channel = 'EMAIL' and generation = 0 group by 1",
      )
    ).map(({ cause, n }) => [cause, Number(n)]),
  );
  const amiss = told.flatMap(({ id, topic }) => {
    const n = mails.get(id) ?? 0;
    return n === 1 ? [] : [`notification: ${topic} ${id} made ${n} mails`];
  });
  return [...found.flat(), ...amiss];
};
