import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuditEntry, CHAIN_START, chainText, checkChain } from "../src/model/audit.ts";
import { changeByShare, parsePrice } from "../src/model/price-change.ts";
import { cancelTask, newTask, resumeTask, type Task, type TaskStatus, taskStates } from "../src/model/task.ts";
import { MAX_REFERENCES, referencesIn } from "../src/model/timeline-event.ts";

const id = "01a1fe49-030e-76c6-a5dc-c260969c6d47";

describe("what an event names", () => {
  it("is found by the names of its fields, wherever they stand, each once", () => {
    const payload = {
      orderId: "o",
      customer_id: "c",
      lineId: "x",
      traceId: "t",
      identity: "no",
      order: {
        orderId: "o",
        lines: [{ productId: "p1" }, { productId: "p2", sellerId: "" }],
        productIds: ["p1", "p3", 7],
      },
      causeEventId: "e",
    };
    expect(referencesIn(payload as never).map(({ kind, id: named }) => `${kind} ${named}`)).toEqual([
      "order o",
      "customer c",
      "product p1",
      "product p2",
      "product p3",
      "cause-event e",
    ]);
  });

  it("has an end, whatever somebody sends", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const found = referencesIn(value as never);
        expect(found.length).toBeLessThanOrEqual(MAX_REFERENCES);
        expect(found.every((one) => /^[a-z][a-z-]*$/.test(one.kind) && one.id.length <= 128)).toBe(true);
      }),
    );
    const many = { productIds: Array.from({ length: 1_000 }, (_, n) => `p${n}`), orderId: "x".repeat(200) };
    expect(referencesIn(many)).toHaveLength(MAX_REFERENCES);
  });
});

describe("a price", () => {
  it("that people write is exact, or refused by its column", () => {
    const price = (text: string, currency = "EUR") => parsePrice({ productId: id, currency, price: text });
    expect([price("12.5"), price("0.01"), price("7"), price("12", "JPY"), price("1.234", "KWD")]).toEqual([
      1250n,
      1n,
      700n,
      12n,
      1234n,
    ]);
    for (const text of ["", "-1", "1,5", "1e3", ".5", "0", "1.234", "99999999999999", "200000000", "=1"])
      expect(price(text), text).toMatchObject({ field: "price" });
    expect(price("1.5", "JPY")).toMatchObject({ field: "price" });
    expect(price("1", "eur")).toMatchObject({ field: "currency" });
  });

  it("changes by a share to the nearest unit, within what a price can be", () => {
    expect([changeByShare(1_000n, 1_000), changeByShare(999n, -5_000), changeByShare(1n, -9_900)]).toEqual([
      1_100n,
      500n,
      1n,
    ]);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10_000_000_000n }),
        fc.integer({ min: -9_900, max: 100_000 }),
        (minor, share) => {
          const changed = changeByShare(minor, share);
          expect(changed >= 1n && changed <= 10_000_000_000n).toBe(true);
          const exact = (Number(minor) * (10_000 + share)) / 10_000;
          if (exact >= 1 && exact < 10_000_000_000) expect(Math.abs(Number(changed) - exact)).toBeLessThanOrEqual(0.51);
        },
      ),
    );
  });
});

describe("a task", () => {
  const at = new Date("2026-11-21T10:00:00Z");
  const task = newTask({ id, kind: "export-orders", parameters: {}, requestedBy: "ada", at });

  it("only ever takes steps that its states allow, whoever asks for what", () => {
    const steps = fc.array(fc.constantFrom("cancel", "resume", "retry", "work", "end"), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (asked) => {
        let now: Task = task;
        for (const step of asked) {
          const before = now;
          try {
            if (step === "cancel") now = cancelTask(now, at);
            else if (step === "resume" || step === "retry") now = resumeTask(now, step === "retry");
            else {
              const to: TaskStatus =
                step === "work" ? "RUNNING" : now.status === "CANCELLING" ? "CANCELLED" : "SUCCEEDED";
              if (taskStates.can(now.status, to)) now = { ...now, status: to, version: now.version + 1n };
            }
          } catch (error) {
            expect((error as { code: string }).code).toMatch(/^task\.not_(cancell|resum)able$/);
          }
          if (now !== before) {
            expect(taskStates.can(before.status, now.status)).toBe(true);
            expect(now.version).toBe(before.version + 1n);
          }
        }
      }),
    );
  });
});

describe("the chain of the audit trail", () => {
  const digest = (text: string) => text.length.toString(16).padStart(64, "0").concat(text).slice(-64);
  const chain = (length: number): AuditEntry[] => {
    let before = CHAIN_START;
    return Array.from({ length }, (_, n) => {
      const at = new Date(n * 1_000);
      const entry = {
        number: n + 1,
        entryId: `e${n}`,
        occurredAt: at,
        recordedAt: at,
        actor: "ada",
        action: "job.run",
        context: "order",
        targetKind: "job",
        target: `j${n}`,
        details: "",
        correlationId: "",
      };
      const linked = { ...entry, hash: digest(chainText(before, entry)) };
      before = linked.hash;
      return linked;
    });
  };
  const start = { checked: 0, last: { number: 0, hash: CHAIN_START } };

  it("is right as it was written, in one piece or in two", () => {
    const whole = checkChain(start, chain(10), digest);
    expect(whole).toMatchObject({ checked: 10, last: { number: 10 } });
    expect(whole.broken).toBeUndefined();
    expect(checkChain(checkChain(start, chain(10).slice(0, 4), digest), chain(10).slice(4), digest)).toEqual(whole);
  });

  it("shows any one entry that was changed, removed or put elsewhere", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.constantFrom("change", "remove", "swap"), (at, how) => {
        const entries = chain(10);
        const [one, next] = [entries[at], entries[at + 1]];
        if (!one || !next) return;
        if (how === "change") entries[at] = { ...one, actor: "eve" };
        if (how === "remove") entries.splice(at, 1);
        if (how === "swap") entries.splice(at, 2, next, one);
        expect(checkChain(start, entries, digest).broken?.number).toBe(at + 1);
      }),
    );
  });
});
