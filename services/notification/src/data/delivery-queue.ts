import type { Database } from "@tandem/postgres";
import type { DeliveryQueue } from "../biz/ports.ts";
import { type NotificationRow, notificationFromRow } from "./notification-row.ts";

// The claim is the mark before the send: SENDING, with the attempt counted and committed before a byte goes out. The lease is by the
// database's clock; due_at is a business time (quiet hours, pauses) and by the application's.
const CLAIM = `
  with due as (
    select id from notification where status = 'PENDING' and due_at <= $3 and channel = any($4::text[])
    order by due_at limit $1 for update skip locked
  )
  update notification n
  set status = 'SENDING', token = n.token + 1, attempts = n.attempts + 1, version = n.version + 1,
    lease_until = now() + $2 * interval '1 millisecond'
  from due where n.id = due.id
  returning n.id, n.cause_event_id as "causeEventId", n.template, n.channel, n.recipient, n.generation, n.category,
    n.customer_id as "customerId", n.order_id as "orderId", n.cart_id as "cartId", n.status, n.reason, n.variables, n.locale,
    n.address, n.subject, n.body_text as text, n.body_html as html, n.unsubscribe_url as "unsubscribeUrl", n.attempts,
    n.due_at as "dueAt", n.provider_message_id as "providerMessageId", n.version::text, n.created_at as "createdAt",
    n.sent_at as "sentAt", n.traceparent, n.token::text`;

type Row = Omit<NotificationRow, "version"> & { readonly version: string; readonly token: string };

export const makeDeliveryQueue = (database: Pick<Database, "query">): DeliveryQueue => ({
  async claim({ limit, leaseMs, now, channels }) {
    const { rows } = await database.query<Row & Record<string, unknown>>({
      name: "notification claim",
      text: CLAIM,
      values: [limit, leaseMs, now, [...channels]],
    });
    return rows.map(({ token, version, ...row }) => ({
      notification: notificationFromRow({ ...row, version: BigInt(version) }),
      token: BigInt(token),
      traceparent: row.traceparent ?? undefined,
    }));
  },
});
