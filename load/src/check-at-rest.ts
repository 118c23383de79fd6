import { setTimeout as sleep } from "node:timers/promises";
import type { Platform } from "@tandem/cli/platform";
import { checkInvariants, type Databases, listUnfinished } from "@tandem/e2e/check";
import { lookUntilItHolds } from "./look-until-it-holds.ts";
import { type BooksOptions, readBooks } from "./read-books.ts";

export interface Check {
  readonly name: string;
  readonly violations: readonly string[];
}

/** What each promise is called, and which lines of the checks are about it. The last one takes what is left. */
const promises: readonly (readonly [name: string, about: RegExp])[] = [
  ["empty dead letters", /^dead letter/],
  ["no stuck saga", /saga|timer without|announced twice|completed and cancelled/],
  ["every event handled once", /handled|carts do not know|sent exactly once|given up|pending \+ leased/],
  ["one notification per event", /^notification/],
  ["money adds up", /bank|authorization|kept/],
  ["stock conserved", /stock|reserv|shelf/],
  ["everything else", /./],
];

const SHOWN = 8;
const LOOK_AGAIN_MS = 5_000;

/** Waits until nothing moves, then asks the books of all contexts. */
export const checkAtRest = async (
  platform: BooksOptions & { readonly mode: Platform["mode"] },
  withinMs: number,
): Promise<readonly Check[]> => {
  const { say } = platform;
  say("");
  const { unfinished, lines } = await readBooks(platform, async (databases) => {
    let unfinished: readonly string[] = [];
    const look = async (leftMs: number): Promise<readonly string[]> => {
      unfinished = await untilQuiet(databases, platform.mode, leftMs, say);
      return [...(await checkInvariants(databases)), ...(await checkNotifications(databases))];
    };
    // The embedded sidecar's deliveries are rows, so quiet is quiet.
    const lines =
      platform.mode === "embedded"
        ? await look(withinMs)
        : await lookUntilItHolds(look, { withinMs, pauseMs: LOOK_AGAIN_MS, say });
    return { unfinished, lines };
  });
  const left = new Set(lines);
  const checks: Check[] = [{ name: "quiet", violations: unfinished.map((what) => `not ended: ${what}`) }];
  for (const [name, about] of promises) {
    const violations = [...left].filter((line) => about.test(line));
    for (const line of violations) left.delete(line);
    checks.push({ name, violations });
  }
  for (const { name, violations } of checks) {
    say(
      `${violations.length === 0 ? "✓" : "✗"} ${name}${violations.length === 0 ? "" : `: ${violations.length} violations`}`,
    );
    for (const line of violations.slice(0, SHOWN)) say(`    ${line.slice(0, 300)}`);
    if (violations.length > SHOWN) say(`    and ${violations.length - SHOWN} more`);
  }
  return checks;
};

/** How long deliveries may stay as they are while nothing else moves: nobody takes them any more. */
const ABANDONED_MS = 15_000;

/** Twice in a row: between an event and its effect there may be a moment in which neither shows. @returns what did not end */
const untilQuiet = async (
  databases: Databases,
  mode: "embedded" | "dapr",
  withinMs: number,
  say: (line: string) => void,
): Promise<readonly string[]> => {
  const startedAt = performance.now();
  let saidAt = startedAt;
  let [last, since, quiet] = ["", startedAt, 0];
  for (;;) {
    const unfinished = await listUnfinished(databases, mode === "embedded" ? "embedded" : "daprd");
    const now = performance.now();
    const seen = unfinished.join(", ");
    if (seen !== last) [last, since] = [seen, now];
    quiet = unfinished.length === 0 ? quiet + 1 : 0;
    // A consumer that was removed leaves its subscription behind, as a consumer group does in a broker.
    const abandoned = /^deliveries \d+$/.test(seen) && now - since > ABANDONED_MS;
    if (quiet === 2 || abandoned) {
      say(
        `quiet after ${((since - startedAt) / 1000).toFixed(1)} s${abandoned ? `; ${seen} for consumers that are no more` : ""}`,
      );
      return [];
    }
    if (now - startedAt > withinMs) return unfinished;
    if (now - saidAt > 10_000) {
      saidAt = now;
      say(`waiting for ${seen}`);
    }
    await sleep(500);
  }
};

/** A message per event, template, channel and person; none of them lost on the way. */
const checkNotifications = async (databases: Databases): Promise<string[]> => {
  const twice = await databases.query(
    "notification",
    `select cause_event_id, template, channel, recipient, count(*) from notification where generation = 0
     group by 1, 2, 3, 4 having count(*) > 1`,
  );
  const confirmed = await databases.query<{ id: string }>(
    "order",
    "select id from tandem.outbox_event where topic in ('order.confirmed', 'order.cancelled')",
  );
  const told = new Set(
    (
      await databases.query<{ id: string }>("notification", "select distinct cause_event_id as id from notification")
    ).map(({ id }) => id),
  );
  return [
    ...twice.map((row) => `notification: sent twice: ${JSON.stringify(row)}`),
    ...confirmed.filter(({ id }) => !told.has(id)).map(({ id }) => `notification: nobody was told of event ${id}`),
  ];
};
