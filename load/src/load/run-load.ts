import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@tandem/contracts/common";
import { type LoadWorld, type OperationName, operationNames, operations } from "./operations.ts";
import { createRecorder, type Outcome, type Recorder } from "./recorder.ts";

export interface LoadOptions {
  readonly world: LoadWorld;
  readonly ratePerSecond: number;
  readonly forMs: number;
  readonly mix: Readonly<Partial<Record<OperationName, number>>>;
  readonly signal: AbortSignal;
  readonly onSecond?: (second: number, inFlight: number) => void;
}

export interface LoadResult {
  readonly recorder: Recorder;
  readonly elapsedMs: number;
  /** Arrivals that were not even begun, because so many were under way. */
  readonly dropped: number;
}

const MAX_IN_FLIGHT = 5_000;
/** A no that a person would understand: not an error of the platform. */
const SENSIBLE: ReadonlySet<Code> = new Set([Code.FailedPrecondition, Code.AlreadyExists]);

/**
 * Arrivals at random moments at the rate given, whatever the answers do (an open loop). Each is timed from when it was due: a platform that
 * stalls for a second makes everybody who came in that second late, and the figures show it.
 */
export const runLoad = async ({
  world,
  ratePerSecond,
  forMs,
  mix,
  signal,
  onSecond,
}: LoadOptions): Promise<LoadResult> => {
  const recorder = createRecorder();
  const { random } = world;
  const choose = chooser(mix);
  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  let dropped = 0;
  let second = 0;

  const doOne = async (name: OperationName, dueAt: number): Promise<void> => {
    try {
      const instead = await operations[name](world);
      recorder.record(instead ?? name, "ok", performance.now() - dueAt);
    } catch (error) {
      const { outcome, slug } = classify(error);
      recorder.record(name, outcome, performance.now() - dueAt, slug);
    }
  };

  let dueAt = startedAt;
  for (;;) {
    // Poisson arrivals: people do not come in step.
    dueAt += (-Math.log(1 - random.next()) * 1000) / ratePerSecond;
    if (dueAt - startedAt >= forMs || signal.aborted) break;
    const waitMs = dueAt - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    if (inFlight.size >= MAX_IN_FLIGHT) dropped += 1;
    else {
      const one = doOne(choose(random.next()), dueAt);
      inFlight.add(one);
      void one.finally(() => inFlight.delete(one));
    }
    const now = Math.floor((performance.now() - startedAt) / 1000);
    if (now > second) {
      second = now;
      onSecond?.(second, inFlight.size);
    }
  }
  await Promise.all(inFlight);
  return { recorder, elapsedMs: performance.now() - startedAt, dropped };
};

const chooser = (mix: LoadOptions["mix"]): ((share: number) => OperationName) => {
  const weighted = operationNames.flatMap((name) => ((mix[name] ?? 0) > 0 ? [[name, mix[name] ?? 0] as const] : []));
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  if (total <= 0) throw new TypeError("the mix is empty");
  return (share) => {
    let left = share * total;
    for (const [name, weight] of weighted) {
      left -= weight;
      if (left < 0) return name;
    }
    return weighted.at(-1)?.[0] as OperationName;
  };
};

const classify = (error: unknown): { readonly outcome: Outcome; readonly slug: string } => {
  const known = ConnectError.from(error);
  const [info] = known.findDetails(ErrorInfoSchema);
  const slug = info?.slug || Code[known.code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return { outcome: SENSIBLE.has(known.code) ? "refused" : "failed", slug };
};
