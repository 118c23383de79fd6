import { fromJsonString } from "@bufbuild/protobuf";
import type { WorkerStarter } from "@tandem/chassis";
import { type ContextName, serviceCatalogue, topicOf } from "@tandem/contracts";
import type { Consumer, ConsumerContext } from "@tandem/messaging";
import type { FindViolations } from "../check-invariants.ts";
import type { Databases } from "../databases.ts";

/** Nothing is opened: these only have to be well-formed. */
const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  LOG_LEVEL: "silent",
};

/** Whether the consumer itself says that the event is none of its business: no row remembers those. It reaches no database here. */
const isIgnored = async ({ event, handle }: Consumer, data: string): Promise<boolean> => {
  let ignored = false;
  const context: Partial<ConsumerContext> = {
    signal: AbortSignal.timeout(1_000),
    carryInbox: () => {
      throw new Error("it has an effect");
    },
    ignore: () => {
      ignored = true;
    },
  };
  try {
    await handle(fromJsonString(event, data, { ignoreUnknownFields: true }), context as ConsumerContext);
    return ignored;
  } catch {
    return false;
  }
};

const AT_ONCE = 500;

/** Of events without a row those that should have one. Payloads are read some at a time: after a long load there are many. */
const findLost = async (databases: Databases, consumer: Consumer, missing: readonly string[]): Promise<string[]> => {
  const lost: string[] = [];
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const ids = missing.slice(at, at + AT_ONCE);
    for (const { context } of serviceCatalogue) {
      const events = await databases.query<{ id: string; data: string }>(
        context,
        "select id, data from tandem.outbox_event where id = any ($1::uuid[])",
        [ids],
      );
      for (const { id, data } of events) if (!(await isIgnored(consumer, data))) lost.push(id);
    }
  }
  return lost;
};

/** The outbox balances, and every consumer has handled every event of its topic: once, and none that was never written. */
export const checkMessages = async (
  find: FindViolations,
  databases: Databases,
  context: ContextName,
): Promise<string[]> => {
  const balance = await find(
    "pending + leased + sent + dead = inserted, all sent",
    context,
    "select * from tandem.outbox_balance where pending + leased + sent + dead <> inserted or pending + leased + dead > 0",
  );
  const parked = await find(
    "an event given up",
    context,
    "select seq, attempts, crashes, reason, error from tandem.outbox_parked",
  );
  // The ledger of what was sent, event by event: the sum alone would let one that is lost hide behind one that is counted twice.
  const unsent = await find(
    "an event that is not sent exactly once",
    context,
    `select e.id, e.topic, count(s.seq) from tandem.outbox_event e
     left join (select unnest(seqs) as seq from tandem.outbox_sent) s using (seq)
     group by e.id, e.topic having count(s.seq) <> 1`,
  );
  const { startWorker } = (await import(`@tandem/${context}-service/worker`)) as { startWorker: WorkerStarter };
  const { consumers = [] } = await startWorker.describe(ENV);
  const gaps = await Promise.all(
    consumers.map(async (consumer) => {
      const { name, event, withoutInbox } = consumer;
      // What a handler keeps by itself alone leaves no row by event, but for the timeline's: see what it keeps in check-copies.
      if (withoutInbox && context !== "common-operations") return [];
      const topic = topicOf(event).name;
      const published = new Set(
        (
          await Promise.all(
            serviceCatalogue.map((one) =>
              databases.query<{ id: string }>(
                one.context,
                `select id from tandem.outbox_event where topic = $1 and id in
                   (select id from tandem.outbox_event e join tandem.outbox_sent s on e.seq = any (s.seqs) where e.topic = $1)`,
                [topic],
              ),
            ),
          )
        )
          .flat()
          .map(({ id }) => id),
      );
      // The timeline's rows are an inbox themselves: it takes every event of the platform.
      const inbox = withoutInbox
        ? "timeline_event where topic = $2"
        : "tandem.inbox where consumer = $1 and $2::text is not null";
      const rows = await databases.query<{ id: string }>(
        context,
        `select event_id as id from ${inbox} union all select event_id from tandem.dead_letter where consumer = $1`,
        [name, topic],
      );
      const handled = new Set(rows.map(({ id }) => id));
      const missing = [...published].filter((id) => !handled.has(id));
      const lost = await findLost(databases, consumer, missing);
      return [
        ...(rows.length === handled.size ? [] : [`${name}: an event was handled twice`]),
        ...lost.map((id) => `${name}: never handled ${topic} ${id}`),
        // Carts are announced by Dapr's own outbox, which leaves no row.
        ...[...handled]
          .filter((id) => !published.has(id) && topic !== "cart.updated")
          .map((id) => `${name}: handled ${topic} ${id}, which nobody wrote`),
      ];
    }),
  );
  return [...balance, ...parked, ...unsent, ...gaps.flat()];
};
