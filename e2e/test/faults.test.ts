import {
  brokerMisbehaves,
  type Customers,
  checkInvariants,
  drain,
  faultPoints,
  killedAnywhere,
  killedAt,
  openCustomers,
  openShop,
  pausedPastItsLease,
  postgresCrashes,
  type Scenario,
  type Shop,
  seededRandom,
  startPlatform,
  type TestPlatform,
} from "@tandem/e2e";
import { readSeed } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallSteps, takenOver } from "./taken-over.ts";

const seed = readSeed(process.env, "TANDEM_FAULT_SEED");
const long = process.env["TANDEM_FAULTS"] === "long";
const seconds = Number(process.env["TANDEM_FAULT_SECONDS"] ?? 300);
const random = seededRandom(seed);

let platform: TestPlatform;
let shop: Shop;
let customers: Customers;

beforeAll(async () => {
  platform = await startPlatform({
    processes: ["order", "payment", "common-operations", "search"],
    seed,
    env: { "payment-worker": { PROVIDER_TIMEOUT_MS: "500" }, ...smallSteps },
  });
  shop = await openShop(platform);
  customers = await openCustomers(platform, shop, random);
}, 300_000);
afterAll(() => platform?.[Symbol.asyncDispose](), 60_000);

const play = async (scenario: Scenario): Promise<void> => {
  await scenario({ platform, customers, random });
  await drain(platform.databases, { timeoutMs: 120_000 });
  expect([...(await checkInvariants(platform.databases)), ...(await customers.listSurprises())]).toEqual([]);
};

// The seed stands in the name, so that every report prints it: npm run test:faults -- --seed <n>
describe(`whatever breaks, orders end as they must and all books add up (seed ${seed})`, { timeout: 240_000 }, () => {
  it(`the order worker is killed ${faultPoints.join(", ")}`, () => play(killedAt("order", ...faultPoints)));

  it("Postgres crashes and recovers", () => play(postgresCrashes));

  it("the broker duplicates, reorders, delays, drops acknowledgements and refuses publishes", () =>
    play(brokerMisbehaves));

  it("a relay stands still past its lease and comes back", () => play(pausedPastItsLease));

  it.runIf(long)(
    `one thing after the other breaks, for ${seconds} s`,
    async () => {
      const scenarios: Readonly<Record<string, Scenario>> = {
        ...Object.fromEntries(
          (["order", "payment"] as const).flatMap((context) => [
            // Two events of one payment are rarely in one batch: its relay has no middle.
            ...faultPoints
              .filter((point) => context === "order" || point !== "mid-batch")
              .map((point) => [`${context} killed ${point}`, killedAt(context, point)]),
            [`${context} killed`, killedAnywhere(context)],
          ]),
        ),
        "postgres crashes": postgresCrashes,
        "broker misbehaves": brokerMisbehaves,
        "relay paused": pausedPastItsLease,
      };
      const played: string[] = [];
      for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
        const name = random.pick(Object.keys(scenarios));
        played.push(name);
        const scenario = scenarios[name];
        if (!scenario) throw new TypeError(name);
        await play(scenario).catch((cause: unknown) => {
          throw new Error(`seed ${seed}, after ${played.join(", ")}`, { cause });
        });
      }
      expect(played.length).toBeGreaterThan(0);
    },
    seconds * 1_000 + 300_000,
  );
});

describe("work of many steps goes on where a killed worker left it", { timeout: 240_000 }, () => {
  takenOver(() => ({ platform, shop }));
});
