import { CARRIED_COLUMNS, carriedEvents, type Outbox } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import type { DeliveryLog } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";

// The token is the fence: it goes up with every claim. The event goes with the change, or not at all.
const FINISH = `
  with changed as (
    update notification set status = $3, reason = $4, attempts = $5, due_at = $6, provider_message_id = $7, sent_at = $8,
      version = $9, lease_until = null
    where id = $1 and token = $2 and status = 'SENDING' returning 1
  ), told as (
    select * from jsonb_to_recordset($10::jsonb) as e(${CARRIED_COLUMNS}) where exists (select from changed)
  ), ${carriedEvents("select * from told")}
  select exists (select from changed) as done`;

export const makeDeliveryLog = (
  { query }: Pick<Database, "query">,
  outbox: Pick<Outbox, "rowsOf" | "wake">,
): DeliveryLog => ({
  async finish(token, notification, event) {
    const { id, status, reason, attempts, dueAt, providerMessageId, sentAt, version } = notification;
    const told = event ? outbox.rowsOf(toOutgoingEvent(event)) : [];
    const { rows } = await query<{ done: boolean }>({
      name: "notification finish",
      text: FINISH,
      values: [
        id,
        token.toString(),
        status,
        reason,
        attempts,
        dueAt,
        providerMessageId,
        sentAt ?? null,
        version.toString(),
        JSON.stringify(told),
      ],
    });
    const done = rows[0]?.done === true;
    if (done && event) outbox.wake();
    return done;
  },
});
