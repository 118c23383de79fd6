import type { Database, Transaction } from "@tandem/postgres";
import type { CartClaimRepository } from "../biz/ports.ts";

export interface CartClaims {
  /** Whether the caller alone may write this version of the cart now. */
  take(cartId: string, version: number, signal?: AbortSignal): Promise<boolean>;
  /** The version was not written: whoever tries next need not wait for the claim to end. */
  release(cartId: string, version: number): Promise<void>;
  /** Forgets claims that say nothing any more. @returns how many, at most 1000 */
  prune(): Promise<number>;
}

/** Longer than any request lives that could still write: what it read before is older than the claim. */
const HELD = "30 seconds";

const take = (from: string) => `
  insert into cart_claim as c (cart_id, version, held_until) select $1::uuid, $2::bigint, now() + interval '${HELD}'${from}
  on conflict (cart_id) do update set version = excluded.version, held_until = excluded.held_until
  where c.version < excluded.version or c.held_until < now()
  returning version`;
const TAKE = take("");
// On its own it waits for no disk: after a crash of Postgres the etag has the word, as it had before there were claims.
const TAKE_ALONE = `with relaxed as materialized (select set_config('synchronous_commit', 'off', true)) ${take(" from relaxed")}`;

const RELEASE = "update cart_claim set held_until = '-infinity' where cart_id = $1 and version = $2";

const PRUNE = `
  delete from cart_claim where cart_id in (
    select cart_id from cart_claim where held_until < now() - interval '1 hour' limit 1000 for update skip locked)`;

/** In the caller's transaction. */
export const makeCartClaimRepository = ({ client }: Pick<Transaction, "client">): CartClaimRepository => ({
  async take(cartId, version) {
    const { rows } = await client.query({ name: "cart claim take", text: TAKE, values: [cartId, version] });
    return rows.length > 0;
  },
});

export const makeCartClaims = ({ query }: Pick<Database, "query">): CartClaims => ({
  async take(cartId, version, signal) {
    const { rows } = await query(
      { name: "cart claim take alone", text: TAKE_ALONE, values: [cartId, version] },
      undefined,
      signal,
    );
    return rows.length > 0;
  },
  async release(cartId, version) {
    await query({ name: "cart claim release", text: RELEASE, values: [cartId, version] });
  },
  async prune() {
    return (await query({ name: "cart claim prune", text: PRUNE })).rowCount ?? 0;
  },
});
