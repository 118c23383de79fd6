/** Local times of the day, `HH:MM`, from `start` until before `end`; over midnight when `end` is the earlier one. */
export interface QuietHours {
  readonly start: string;
  readonly end: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What a clock on the wall in that zone shows, in minutes since midnight. */
const wallMinutes = (at: Date, timeZone: string): number => {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat("en", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    clocks.set(timeZone, clock);
  }
  return minutesOf(clock.format(at));
};

const untilEnd = (minute: number, { start, end }: QuietHours): number => {
  const [from, to] = [minutesOf(start), minutesOf(end)];
  const quiet = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  return quiet ? (to - minute + DAY_MINUTES) % DAY_MINUTES : 0;
};

/**
 * The first moment from `now` on that is not quiet: `now` itself outside of the hours. It is the wall's clock that counts: in the night in
 * which an hour is left out the quiet is shorter, and in the one in which an hour comes twice it is longer.
 */
export const endOfQuiet = (now: Date, hours: QuietHours, timeZone: string): Date => {
  const left = untilEnd(wallMinutes(now, timeZone), hours);
  if (left === 0) return now;
  const minute = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const expected = new Date(minute + left * MINUTE_MS);
  // The clock was not set meanwhile: the usual night.
  if (wallMinutes(expected, timeZone) === minutesOf(hours.end) && noJump(minute, left, timeZone)) return expected;
  for (let at = minute; ; at += MINUTE_MS) {
    if (untilEnd(wallMinutes(new Date(at), timeZone), hours) === 0) return new Date(at);
  }
};

/** The wall's clock ran evenly for so many minutes: every quarter of an hour (clocks are set at whole quarters) shows what it should. */
const noJump = (from: number, minutes: number, timeZone: string): boolean => {
  const begin = wallMinutes(new Date(from), timeZone);
  for (let passed = 0; passed < minutes; passed += 15) {
    if (wallMinutes(new Date(from + passed * MINUTE_MS), timeZone) !== (begin + passed) % DAY_MINUTES) return false;
  }
  return true;
};
