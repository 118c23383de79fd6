import { cronBindingName, cronBindingSchedule, defineCronJob, nextSlots, parseSchedule } from "@tandem/jobs";
import { describe, expect, test } from "vitest";

const base = {
  name: "order.reservation-cleanup",
  schedule: "0 */15 * * * *",
  timeoutMs: 50_000,
  run: async () => undefined,
};
const at = (iso: string) => new Date(iso);

describe("definition", () => {
  test("fills in the defaults once", () => {
    expect(defineCronJob(base)).toMatchObject({
      missed: "run-once",
      abandoned: "rerun",
      leaseMs: 15_000,
      maxAttempts: 3,
    });
    expect(defineCronJob({ ...base, missed: "skip" }).abandoned).toBe("leave");
  });

  test("names every fault at once", () => {
    const faulty = () => defineCronJob({ ...base, name: "Cleanup", schedule: "@every 5m", timeoutMs: 0, leaseMs: 1 });
    expect(faulty).toThrow(/name must.*timeoutMs.*leaseMs.*schedule "@every 5m"/);
  });

  test("the binding is named after the job and reads its schedule in UTC", () => {
    expect(cronBindingName(base)).toBe("cron-order-reservation-cleanup");
    expect(cronBindingSchedule(base)).toBe("CRON_TZ=UTC 0 */15 * * * *");
  });
});

describe("schedule", () => {
  test.each([
    ["five fields", "*/15 * * * *"],
    ["seven fields", "0 0 0 1 1 * 2030"],
    ["last day of the month, which Dapr's cron does not know", "0 0 0 L * *"],
    ["nth weekday", "0 0 0 * * 5#2"],
    ["Sunday as 7", "0 0 0 * * 7"],
    ["out of range", "0 61 * * * *"],
  ])("refuses %s", (_, expression) => {
    expect(() => parseSchedule(expression)).toThrow();
  });

  test.each(["0 0 3 * * MON-FRI", "0 30 4 1 JUL *", "*/10 * * * * WED"])("accepts %s", (expression) => {
    expect(parseSchedule(expression).next(1, at("2026-01-01T00:00:00Z"))).toHaveLength(1);
  });

  test.each([
    ["on time", "10:15:00.000", "10:15:00"],
    ["late", "10:15:42.900", "10:15:00"],
    ["very late, so that it stands for the slot before the next", "10:29:59.700", "10:15:00"],
    ["a little early", "10:29:59.800", "10:30:00"],
  ])("a binding that fires %s means the slot it was scheduled for", (_, fired, slot) => {
    expect(parseSchedule(base.schedule).slotOf(at(`2026-01-01T${fired}Z`))).toEqual(at(`2026-01-01T${slot}Z`));
  });

  test("no slot is doubled or lost when clocks change, in whatever zone the process runs", () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "Europe/Berlin"; // springs forward on 2026-03-29 at 01:00 UTC, back on 2026-10-25
    try {
      const hourly = parseSchedule("0 30 * * * *");
      for (const day of ["2026-03-29", "2026-10-25"]) {
        const slots = hourly.between(at(`${day}T00:00:00Z`), at(`${day}T05:00:00Z`), 100);
        expect(slots.map((slot) => slot.toISOString().slice(11, 16))).toEqual([
          "00:30",
          "01:30",
          "02:30",
          "03:30",
          "04:30",
        ]);
      }
      const daily = nextSlots({ schedule: "0 30 2 * * *" }, 2, at("2026-03-28T12:00:00Z"));
      expect(daily).toEqual([at("2026-03-29T02:30:00Z"), at("2026-03-30T02:30:00Z")]);
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  test("slots between two moments: after the first, up to and with the second, the newest if there are too many", () => {
    const schedule = parseSchedule("0 * * * * *");
    const [from, until] = [at("2026-01-01T10:00:00Z"), at("2026-01-01T10:05:00Z")];
    expect(schedule.between(from, until, 100).map((slot) => slot.getUTCMinutes())).toEqual([1, 2, 3, 4, 5]);
    expect(schedule.between(from, until, 2).map((slot) => slot.getUTCMinutes())).toEqual([4, 5]);
    expect(schedule.between(until, until, 2)).toEqual([]);
  });
});
