import type { Database } from "@tandem/postgres";
import type { ClaimReader } from "../biz/ports.ts";
import type { ClaimState } from "../model/refund-claim.ts";

export const makeClaimReader = (database: Pick<Database, "query">): ClaimReader => ({
  async listToRetry({ pauseMs, maxPauseMs, maxTries }, now, limit) {
    const { rows } = await database.query<{ id: string; paymentId: string }>({
      name: "claims to retry",
      text: `select c.id, c.payment_id as "paymentId" from refund_claim c join payment p on p.id = c.payment_id
        where c.status = 'FAILED' and not p.cancelled and c.attempts < $4
          and coalesce(c.failed_at, c.created_at)
            + least($2::float8 * power(2, greatest(c.attempts - 1, 0)), $3::float8) * interval '1 millisecond' <= $1
        order by c.created_at, c.id limit $5`,
      values: [now, pauseMs, maxPauseMs, maxTries, limit],
    });
    return rows;
  },

  async countOpen({ maxTries }) {
    const { rows } = await database.query<{ state: ClaimState; n: number }>({
      name: "claims open",
      text: `select case when c.status <> 'FAILED' then c.status when c.attempts < $1 then 'RETRYING' else 'GIVEN_UP' end as state, count(*)::int as n
        from refund_claim c join payment p on p.id = c.payment_id
        where c.status <> 'DONE' and not p.cancelled group by 1`,
      values: [maxTries],
    });
    return new Map(rows.map(({ state, n }) => [state, n]));
  },
});
