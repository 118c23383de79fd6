import { setTimeout as sleep } from "node:timers/promises";
import type { FoundPlatform } from "@tandem/cli/running";
import { checkInvariants, type Databases, listUnfinished, openDatabases } from "@tandem/e2e/check";

export interface Check {
  readonly name: string;
  readonly violations: readonly string[];
}

/** What each promise is called, and which lines of the checks are about it. The last one takes what is left. */
const promises: readonly (readonly [name: string, about: RegExp])[] = [
  ["empty dead letters", /^dead letter/],
  ["no stuck saga", /saga|timer without|announced twice|completed and cancelled/],
  ["money adds up", /bank|authorization|paid|kept|payment|refund/],
  ["stock conserved", /stock|reserv|shelf|product/],
  ["one notification per event", /notification/],
  ["every event handled once", /./],
];

const SHOWN = 8;

/** Waits until nothing moves, then asks the books of all contexts. */
export const checkAtRest = async (
  platform: Pick<FoundPlatform, "mode" | "databaseUrls">,
  withinMs: number,
  say: (line: string) => void,
): Promise<readonly Check[]> => {
  const urls = await platform.databaseUrls();
  const sidecarUrl = urls.get(platform.mode === "embedded" ? "sidecar_db" : "dapr_state_db") ?? "";
  await using databases = openDatabases(urls, sidecarUrl);
  say("");
  const unfinished = await untilQuiet(databases, platform.mode, withinMs, say);
  const lines = [...(await checkInvariants(databases)), ...(await checkNotifications(databases))];
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

/** Twice in a row: between an event and its effect there may be a moment in which neither shows. @returns what did not end */
const untilQuiet = async (
  databases: Databases,
  mode: "embedded" | "dapr",
  withinMs: number,
  say: (line: string) => void,
): Promise<readonly string[]> => {
  const startedAt = performance.now();
  let saidAt = startedAt;
  for (let quiet = 0; ; await sleep(500)) {
    const unfinished = await listUnfinished(databases, mode === "embedded" ? "embedded" : "daprd");
    quiet = unfinished.length === 0 ? quiet + 1 : 0;
    const elapsedMs = performance.now() - startedAt;
    if (quiet === 2) {
      say(`quiet after ${(elapsedMs / 1000).toFixed(1)} s`);
      return [];
    }
    if (elapsedMs > withinMs) return unfinished;
    if (performance.now() - saidAt > 10_000) {
      saidAt = performance.now();
      say(`waiting for ${unfinished.join(", ")}`);
    }
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
