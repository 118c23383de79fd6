import type { Transaction } from "@tandem/postgres";
import type { RecipientRepository } from "../biz/ports.ts";
import type { Contact } from "../model/contact.ts";
import type { KnownLine } from "../model/known-order.ts";
import { preferencesFromRow } from "./preference-repository.ts";
import type { preferenceTable } from "./schema.ts";

// As JSON: versions are numbers in it, and stay far below what a number holds.
interface Row {
  readonly fresh: boolean;
  readonly known: {
    readonly order_id: string;
    readonly customer_id: string | null;
    readonly lines: readonly KnownLine[];
    readonly version: number;
  } | null;
  readonly person: {
    readonly customer_id: string;
    readonly state: Contact["state"];
    readonly email: string;
    readonly phone: string;
    readonly display_name: string;
    readonly locale: string;
    readonly time_zone: string;
    readonly version: number;
  } | null;
  readonly opened: boolean;
  readonly wishes: {
    readonly channels: (typeof preferenceTable.$inferSelect)["channels"];
    readonly quiet_start: string | null;
    readonly quiet_end: string | null;
    readonly version: number;
  } | null;
}

const LOCK = "select fresh, known, person, opened, wishes from lock_recipient($1, $2, $3, $4)";

export const makeRecipientRepository = (tx: Transaction): RecipientRepository => ({
  async lock({ orderId, customerId, once }) {
    const { rows } = await tx.client.query<Row>({
      name: "recipient lock",
      text: LOCK,
      values: [once?.consumer ?? null, once?.eventId ?? null, orderId ?? null, customerId ?? null],
    });
    const [row] = rows;
    once?.written(row?.fresh === true);
    const { known, person, wishes, opened = false } = row ?? {};
    const order = known && {
      orderId: known.order_id,
      customerId: known.customer_id ?? undefined,
      lines: known.lines,
      version: BigInt(known.version),
    };
    if (!person) return { ...(order ? { order } : {}) };
    const contact: Contact = {
      customerId: person.customer_id,
      state: person.state,
      email: person.email,
      phone: person.phone,
      displayName: person.display_name,
      locale: person.locale,
      timeZone: person.time_zone,
      version: BigInt(person.version),
    };
    const preferences = preferencesFromRow(
      contact.customerId,
      wishes
        ? {
            channels: wishes.channels,
            quietStart: wishes.quiet_start,
            quietEnd: wishes.quiet_end,
            version: BigInt(wishes.version),
          }
        : undefined,
    );
    return { ...(order ? { order } : {}), person: { contact, preferences, opened } };
  },
});
