import { describe, expect, it } from "vitest";
import type { Batch, ClaimedEvent } from "../src/claim-batch.ts";
import { judgeBatch } from "../src/judge-batch.ts";
import type { Published } from "../src/publish-batch.ts";

const SENT: Published = { status: "sent" };
const failed = (kind: "transient" | "permanent"): Published => ({ status: "failed", kind, error: new Error(kind) });
const OPTIONS = { maxAttempts: 3, retryMinDelayMs: 100, retryMaxDelayMs: 1_000, trusted: true, random: () => 1 };

/** Outcomes by event: `undefined` was not tried. */
const judge = (outcomes: readonly (Published | undefined)[], attempts: readonly number[] = [], options = OPTIONS) => {
  const events = outcomes.map((_, at) => ({ seq: String(at), attempt: attempts[at] ?? 1 }) as ClaimedEvent);
  const batch: Batch = { token: "1", events, alone: false, terms: { leaseMs: 1_000, publishTimeoutMs: 450 } };
  const published = new Map(outcomes.flatMap((outcome, at) => (outcome ? [[String(at), outcome] as const] : [])));
  return judgeBatch(batch, published, options);
};

describe("judging a batch", () => {
  it("marks what was sent and leaves alone what was not tried", () => {
    expect(judge([SENT, undefined, SENT]).marks).toEqual({ sent: ["0", "2"], retry: [], park: [] });
  });

  it("counts a failure against its event when another passed, with a pause that doubles up to the longest", () => {
    const { marks, outage } = judge([SENT, failed("transient"), failed("transient")], [1, 1, 2]);
    expect(outage).toBe(false);
    expect(marks.retry).toEqual([
      { seq: "1", delayMs: 100 },
      { seq: "2", delayMs: 200 },
    ]);
    const long = judge([SENT, failed("transient")], [1, 50], { ...OPTIONS, maxAttempts: 100 });
    expect(long.marks.retry).toEqual([{ seq: "1", delayMs: 1_000 }]);
  });

  it("parks at the last try, and at once what is refused for good", () => {
    const { marks } = judge([SENT, failed("transient"), failed("permanent")], [1, 3, 1]);
    expect(marks.park).toEqual([
      { seq: "1", reason: "exhausted", error: "Error: transient" },
      { seq: "2", reason: "permanent", error: "Error: permanent" },
    ]);
  });

  it.each([
    ["everything failed", [failed("transient"), failed("transient")], [1, 1], true],
    ["everything failed, some of it for the last time", [failed("transient"), failed("transient")], [3, 1], true],
    ["everything was refused by a broker that took nothing yet", [failed("permanent")], [1], false],
    ["only old failures failed again, and the broker took nothing yet", [failed("transient")], [3], false],
  ] as const)("calls it an outage, and marks nothing, when %s", (_, outcomes, attempts, trusted) => {
    const { marks, outage } = judge(outcomes, attempts, { ...OPTIONS, trusted });
    expect(outage).toBe(true);
    expect(marks).toEqual({ sent: [], retry: [], park: [] });
  });

  it.each([
    ["refuses something for good", [failed("permanent"), failed("transient")], [1, 1]],
    ["fails only with what failed before", [failed("transient")], [2]],
  ] as const)("believes a broker that took something of late when it %s", (_, outcomes, attempts) => {
    expect(judge(outcomes, attempts).outage).toBe(false);
  });

  it("is no outage when nothing was tried", () => {
    expect(judge([undefined])).toMatchObject({ outage: false, marks: { sent: [] } });
  });
});
