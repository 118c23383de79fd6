import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";

/** Time of all cores since the machine started, in the kernel's ticks. */
export interface CoreTicks {
  readonly total: number;
  readonly busy: number;
  /** Given to other machines on the same host while this one had work to do. */
  readonly stolen: number;
}

export interface CoreShares {
  readonly cores: number;
  readonly busyPercent: number;
  readonly stolenPercent: number;
}

/** From the text of /proc/stat (proc_stat(5)). */
export const parseCoreTicks = (text: string): CoreTicks | undefined => {
  const fields = /^cpu +(.+)$/m.exec(text)?.[1]?.split(" ").map(Number);
  if (fields === undefined || fields.length < 8) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softIrq = 0, stolen = 0] = fields;
  const busy = user + nice + system + irq + softIrq;
  return { total: busy + idle + waiting + stolen, busy, stolen };
};

/** Undefined where /proc does not tell. */
export const readCores = async (): Promise<CoreTicks | undefined> =>
  parseCoreTicks(await readFile("/proc/stat", "utf8").catch(() => ""));

/**
 * What the machine did between two looks. Two runs tell something of each other only when as little was stolen in both: a
 * virtual core that waits for its host makes every wait of the platform longer.
 */
export const sharesBetween = (before?: CoreTicks, after?: CoreTicks): CoreShares | undefined => {
  if (before === undefined || after === undefined || after.total <= before.total) return undefined;
  const percent = (part: number) => Math.round((100 * part) / (after.total - before.total));
  return {
    cores: availableParallelism(),
    busyPercent: percent(after.busy - before.busy),
    stolenPercent: percent(after.stolen - before.stolen),
  };
};
