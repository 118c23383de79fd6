import { newId } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { TrackingQueue } from "../biz/ports.ts";

/** @param onDue something came due now */
export const makeTrackingQueue = (
  database: Pick<Database, "query">,
  onDue: (inMs: number) => void = () => {},
): TrackingQueue => ({
  // Not one that a worker is at: it will see for itself. A token that a lease took is left as it is.
  async hasten(carrier, trackingNumber) {
    const { rowCount } = await database.query(
      `update operation o set due_at = now()
       from shipment s
       where s.carrier = $1 and s.tracking_number = $2 and o.shipment_id = s.id and o.kind = 'TRACK' and o.status = 'OPEN'
         and (o.attempts = 0 or o.due_at = 'infinity')`,
      [carrier, trackingNumber],
    );
    if (rowCount) onDue(0);
    return rowCount === 1;
  },

  async repair(limit) {
    const { rows } = await database.query<{ id: string }>(
      `select s.id from shipment s
       where s.status = 'DISPATCHED' and not exists (select from operation o where o.shipment_id = s.id and o.status = 'OPEN')
       limit $1`,
      [limit],
    );
    const missing = rows.map(({ id }) => id);
    const { rowCount: begun } = await database.query(
      `insert into operation (id, shipment_id, kind, status, due_at, created_at)
       select o.id, o.shipment_id, 'TRACK', 'OPEN', now(), now() from unnest($1::uuid[], $2::uuid[]) as o(id, shipment_id)
       on conflict do nothing`,
      [missing.map(newId), missing],
    );
    const { rowCount: released } = await database.query(
      `update operation set due_at = now(), attempts = 0, created_at = now()
       where id in (select id from operation where kind = 'TRACK' and status = 'OPEN' and due_at = 'infinity' limit $1)`,
      [limit],
    );
    if ((begun ?? 0) + (released ?? 0) > 0) onDue(0);
    return (begun ?? 0) + (released ?? 0);
  },
});
