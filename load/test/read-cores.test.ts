import { expect, it } from "vitest";
import { parseCoreTicks, readCores, sharesBetween } from "../src/load/read-cores.ts";

const stat = (user: number, idle: number, stolen: number) =>
  parseCoreTicks(`cpu  ${user} 10 20 ${idle} 5 0 5 ${stolen} 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2 3\n`);

it("reads the line of all cores", () => {
  expect(stat(60, 100, 7)).toEqual({ total: 207, busy: 95, stolen: 7 });
});

it("tells the shares between two looks", () => {
  expect(sharesBetween(stat(0, 0, 0), stat(50, 30, 20))).toMatchObject({ busyPercent: 50, stolenPercent: 20 });
});

it("tells nothing where nothing is known, or no time has passed", () => {
  expect(parseCoreTicks("")).toBeUndefined();
  expect(parseCoreTicks("cpu  1 2 3")).toBeUndefined();
  expect(sharesBetween(undefined, stat(1, 1, 1))).toBeUndefined();
  expect(sharesBetween(stat(1, 1, 1), stat(1, 1, 1))).toBeUndefined();
});

it.runIf(process.platform === "linux")("reads those of this machine", async () => {
  const ticks = await readCores();
  expect(ticks?.total).toBeGreaterThan(ticks?.busy ?? Number.POSITIVE_INFINITY);
});
