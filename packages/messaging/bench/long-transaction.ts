// What a long idle transaction costs the queue: dead claims cannot be cleared away, and a claim that begins at the start of the
// queue walks over all of them. Times the claim of 500 from the start and from the relay's floor.
import { createOutbox } from "../src/outbox.ts";
import { orderEvent } from "./payload.ts";
import { median } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const ROUNDS = Number(process.argv[2] ?? 5);
const EVENTS = Number(process.argv[3] ?? 50_000);
const CLAIM = "select token, head from tandem.claim_outbox('bench', 500, 32, 600000, 5, true, 16000, $1, '{}')";

await using bench = await startBenchDatabase();
const database = bench.open("writer", 4);
const outbox = createOutbox({ database, source: "order" });
const holder = await database.pool.connect();
await holder.query("set idle_in_transaction_session_timeout = 0");
await holder.query("begin isolation level repeatable read");
await holder.query("select pg_current_xact_id()");

const fill = async (events: number) => {
  for (let at = 0; at < events; at += 500)
    await database.transact((tx) => outbox.in(tx).add(...Array.from({ length: 500 }, () => orderEvent())));
};
/** Milliseconds of a claim, undone at once. */
const timeClaim = async (floor: string): Promise<number> => {
  const times: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    const startedAt = performance.now();
    const { rows } = await database.query<{ token: string }>(CLAIM, [floor]);
    times.push(performance.now() - startedAt);
    await database.query("delete from tandem.outbox_lease where token = $1", [rows[0]?.token]);
  }
  return median(times);
};

for (let round = 1; round <= ROUNDS; round += 1) {
  await fill(EVENTS);
  await database.query(
    "delete from tandem.outbox_claim where seq <= (select max(seq) - 1000 from tandem.outbox_claim)",
  );
  const { rows } = await database.query<{ head: string }>("select min(seq) - 1 as head from tandem.outbox_claim");
  const fromStart = await timeClaim("0");
  const fromFloor = await timeClaim(rows[0]?.head ?? "0");
  process.stdout.write(
    `${round * EVENTS} dead claims: claim of 500 from the start ${fromStart.toFixed(1)} ms, from the floor ${fromFloor.toFixed(1)} ms\n`,
  );
}
await holder.query("rollback");
holder.release();
