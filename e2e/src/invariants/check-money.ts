import type { FindViolations } from "../check-invariants.ts";
import type { Databases } from "../databases.ts";

interface Payment extends Record<string, unknown> {
  readonly order_id: string;
  readonly method: "CARD" | "COD";
  readonly status: string;
  readonly captured: string;
  readonly refunded: string;
}

/** The bank's books are ours; a completed order was paid once and in full, but for what came back; of a cancelled one nothing was kept. */
export const checkMoney = async (find: FindViolations, databases: Databases): Promise<string[]> => {
  const found = await Promise.all([
    find(
      "the bank and our operations disagree",
      "payment",
      `select o.id, o.kind, o.status, o.amount_minor, b.kind as bank_kind, b.status as bank_status, b.amount_minor as bank_amount
       from operation o full join provider_sim.operation b on b.operation_id = o.id
       where (o.status = 'SUCCEEDED' or b.status = 'SUCCEEDED' or (b.status = 'PENDING' and b.decided_at <= now()))
         and (o.kind, o.amount_minor, o.currency, o.status) is distinct from
           (b.kind, b.amount_minor, b.currency, case b.status when 'PENDING' then 'SUCCEEDED' else b.status end)`,
    ),
    find(
      "the bank holds another sum than our books",
      "payment",
      `with bank as (
         select o.payment_id, coalesce(sum(b.amount_minor) filter (where b.kind = 'CAPTURE'), 0) as captured,
           coalesce(sum(b.amount_minor) filter (where b.kind = 'REFUND'), 0) as refunded,
           count(*) filter (where b.kind = 'CAPTURE') as captures, count(*) filter (where b.kind = 'AUTHORIZE') as authorizations
         from provider_sim.operation b join operation o on o.id = b.operation_id where b.status <> 'FAILED' group by o.payment_id)
       select p.id, p.status, p.captured_minor, p.refunded_minor, bank.* from payment p left join bank on bank.payment_id = p.id
       where p.method = 'CARD' and ((p.captured_minor, p.refunded_minor) <> (coalesce(bank.captured, 0), coalesce(bank.refunded, 0))
         or bank.captures > 1 or bank.authorizations > 1)`,
    ),
    find(
      "an authorization that nobody took back",
      "payment",
      "select id, order_id, status from payment where status in ('PENDING', 'AUTHORIZED')",
    ),
  ]);
  const payments = new Map(
    (
      await databases.query<Payment>(
        "payment",
        "select order_id, method, status, captured_minor as captured, refunded_minor as refunded from payment",
      )
    ).map((payment) => [payment.order_id, payment]),
  );
  const orders = await databases.query<{ id: string; status: string; total: string }>(
    "order",
    // What came back is not due any more.
    `select id, status, total_minor - coalesce((select sum((r ->> 'refund')::bigint) from jsonb_array_elements(returns) r
       where r ->> 'status' = 'REFUNDED'), 0) as total from orders`,
  );
  const amiss = orders.flatMap(({ id, status, total }) => {
    const payment = payments.get(id);
    const kept = Number(payment?.captured ?? 0) - Number(payment?.refunded ?? 0);
    const due = status === "COMPLETED" || status === "RETURNED" ? Number(total) : 0;
    return kept === due
      ? []
      : [`order ${id} is ${status}: ${due} due, ${kept} kept (payment ${payment?.status ?? "none"})`];
  });
  return [...found.flat(), ...amiss];
};
