import type { FindViolations } from "../check-invariants.ts";
import type { Databases } from "../databases.ts";

/** Stock is what its ledger says; what left is what completed orders bought, piece by piece; nothing stays reserved. */
export const checkStock = async (find: FindViolations, databases: Databases): Promise<string[]> => {
  const found = await Promise.all([
    find(
      "stock differs from its ledger",
      "warehouse",
      `with ledger as (select product_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved from movement group by product_id)
       select product_id, s.on_hand, l.on_hand as on_hand_by_ledger, s.reserved, l.reserved as reserved_by_ledger
       from stock s full join ledger l using (product_id)
       where (coalesce(s.on_hand, 0), coalesce(s.reserved, 0)) <> (coalesce(l.on_hand, 0), coalesce(l.reserved, 0))`,
    ),
    find("reserved for nobody", "warehouse", "select product_id, reserved from stock where reserved <> 0"),
    find("a reservation that is still held", "warehouse", "select order_id from reservation where status = 'HELD'"),
    find(
      "one thing done twice to stock",
      "warehouse",
      `select product_id, kind, reference, count(*) from movement where kind not in ('RECEIPT', 'ADJUSTMENT')
       group by product_id, kind, reference having count(*) > 1`,
    ),
  ]);
  const bought = await databases.query<{ product: string; pieces: string }>(
    "order",
    `select line ->> 'productId' as product, sum((line ->> 'quantity')::int) as pieces
     from orders, jsonb_array_elements(lines) line where status in ('COMPLETED', 'RETURNED') group by 1`,
  );
  // Nobody found them, or the carrier lost them: they are neither sold nor on the shelf.
  const lost = await databases.query<{ product: string; pieces: string }>(
    "order",
    `with told as (
       select line from tandem.outbox_event, jsonb_array_elements(data::jsonb -> 'shortened') line
       where topic = 'order.updated' and data::jsonb ? 'shortened'
       union all
       -- A cancellation may be said more than once.
       select line from (
         select distinct on (subject) data::jsonb as data from tandem.outbox_event
         where topic = 'order.cancelled' and data::jsonb ? 'missing'
       ) once, jsonb_array_elements(once.data -> 'missing') line
     )
     select line ->> 'productId' as product, sum((line ->> 'quantity')::int) as pieces
     from told where not coalesce((line ->> 'backOnShelf')::boolean, false) group by 1`,
  );
  const left = await databases.query<{ product: string; pieces: string }>(
    "warehouse",
    `select product_id::text as product, -sum(on_hand_delta) as pieces from movement
     where kind in ('COMMITMENT', 'RESTOCK', 'RETURN') group by 1`,
  );
  const gone = new Map(left.map(({ product, pieces }) => [product, Number(pieces)]));
  const sold = new Map(bought.map(({ product, pieces }) => [product, Number(pieces)]));
  const sentBack = await databases.query<{ product: string; pieces: string }>(
    "order",
    `select line ->> 'productId' as product, -sum((line ->> 'quantity')::int) as pieces
     from orders, jsonb_array_elements(returns) back, jsonb_array_elements(back -> 'lines') line
     where back ->> 'status' in ('RECEIVED', 'REFUNDED') group by 1`,
  );
  for (const { product, pieces } of [...lost, ...sentBack])
    sold.set(product, (sold.get(product) ?? 0) + Number(pieces));
  const amiss = [...new Set([...gone.keys(), ...sold.keys()])]
    .filter((product) => (gone.get(product) ?? 0) !== (sold.get(product) ?? 0))
    .map((product) => `product ${product}: ${sold.get(product) ?? 0} sold, ${gone.get(product) ?? 0} left the shelf`);
  const orders = await databases.query<{ id: string; status: string }>("order", "select id, status from orders");
  const reservations = new Map(
    (
      await databases.query<{ id: string; status: string }>(
        "warehouse",
        "select order_id as id, status from reservation",
      )
    ).map(({ id, status }) => [id, status]),
  );
  const mismatched = orders
    .filter(
      ({ id, status }) => (status === "COMPLETED" || status === "RETURNED") !== (reservations.get(id) === "COMMITTED"),
    )
    .map(({ id, status }) => `order ${id} is ${status}, its reservation ${reservations.get(id) ?? "missing"}`);
  return [...found.flat(), ...amiss, ...mismatched];
};
