import type { Database } from "@tandem/postgres";
import type { WebhookInbox } from "../biz/ports.ts";

/** After so many tries, over about a day, a webhook about an operation that we do not know is left alone. */
const MAX_ATTEMPTS = 10;

// One statement: a webhook is done if and only if its operation is due. An operation closed meanwhile needs nothing more.
const WORK_OFF = `
  with due as (
    select provider, event_id, operation_id from provider_webhook
    where status = 'OPEN' and due_at <= now() order by due_at limit $1 for update skip locked
  ), expedited as (
    update operation o set due_at = least(o.due_at, now())
    from (select distinct operation_id from due) d
    where o.id = d.operation_id and o.status = 'OPEN'
  )
  update provider_webhook w
  set attempts = w.attempts + 1,
    due_at = now() + least(power(2, w.attempts), 360) * interval '1 minute',
    status = case
      when d.operation_id is null or o.id is not null then 'DONE'
      when w.attempts + 1 >= $2 then 'ABANDONED'
      else 'OPEN' end
  from due d left join operation o on o.id = d.operation_id
  where w.provider = d.provider and w.event_id = d.event_id
  returning w.status`;

export const makeWebhookInbox = (database: Pick<Database, "query">): WebhookInbox => ({
  async store({ provider, eventId, operationId, body }) {
    const { rowCount } = await database.query({
      name: "webhook store",
      text: `insert into provider_webhook (provider, event_id, operation_id, body, status) values ($1, $2, $3, $4, 'OPEN')
        on conflict (provider, event_id) do nothing`,
      values: [provider, eventId, operationId ?? null, body],
    });
    return rowCount === 1;
  },

  async workOff(limit) {
    const { rows } = await database.query<{ status: "OPEN" | "DONE" | "ABANDONED" }>({
      name: "webhook work off",
      text: WORK_OFF,
      values: [limit, MAX_ATTEMPTS],
    });
    const count = (status: string) => rows.filter((row) => row.status === status).length;
    return { done: count("DONE"), postponed: count("OPEN"), abandoned: count("ABANDONED") };
  },
});
