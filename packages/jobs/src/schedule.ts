import { Cron } from "croner";

/** A binding's clock may run this far ahead of the slot it fires for. */
const earlyMs = 250;

export interface Schedule {
  /** The slot that a binding which fired at `firedAt` stands for: the last one before, a little earliness forgiven. */
  slotOf(firedAt: Date): Date | undefined;
  /** The next `count` slots after `from`, ascending. */
  next(count: number, from: Date): readonly Date[];
  /** The slots within (after, until], ascending; the newest `limit` of them. */
  between(after: Date, until: Date, limit: number): readonly Date[];
}

const field = String.raw`[\dA-Za-z*/,\-?]+`;
const sixFields = new RegExp(`^${field}( ${field}){5}$`);

/** @throws Error for anything that croner and Dapr's cron would not both understand, and alike */
export const parseSchedule = (expression: string): Schedule => {
  if (!sixFields.test(expression) || /[LW#]/.test(expression.replace(/JUL|WED/gi, ""))) {
    throw new Error(`schedule "${expression}" must have six fields, seconds first, of numbers, names and * , - /`);
  }
  if (/7/.test(expression.split(" ")[5] ?? "")) throw new Error("Sunday is 0 (Dapr's cron does not know 7)");
  // UTC: no slot is lost or doubled when clocks change.
  const cron = new Cron(expression, { mode: "6-part", timezone: "UTC", paused: true });
  // croner looks strictly before its reference.
  const before = (count: number, at: number) => cron.previousRuns(count, new Date(at));
  // Asked every second of every job, and hardly ever is there a slot: looking back through a hundred of them each time was a fifth of an idle
  // platform's work. Until the first slot after `after` nothing can lie between.
  let known: { readonly after: number; readonly first: number } | undefined;
  const firstAfter = (after: Date): number => {
    if (known?.after !== after.getTime()) {
      known = { after: after.getTime(), first: cron.nextRun(after)?.getTime() ?? Number.POSITIVE_INFINITY };
    }
    return known.first;
  };
  return {
    slotOf: (firedAt) => before(1, firedAt.getTime() + earlyMs + 1)[0],
    next: (count, from) => cron.nextRuns(count, from),
    between: (after, until, limit) =>
      firstAfter(after) > until.getTime()
        ? []
        : before(limit, until.getTime() + 1_000)
            .filter((slot) => slot > after && slot <= until)
            .reverse(),
  };
};
