import { setTimeout as sleep } from "node:timers/promises";
import type { TokenSource } from "@tandem/cli/clients";
import { type ContextName, serviceCatalogue } from "@tandem/contracts";
import { type Door, openDoor } from "./open-door.ts";

export interface ReachableOptions {
  readonly gatewayUrl: string;
  /** Somebody who may look at jobs. */
  readonly operator: TokenSource;
  /** Default 120 000: it only matters to a platform that does not come up. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Waits until whoever comes by the door reaches every context. That all binaries are up does not say so: their sidecars find each
 * other by names that they have yet to read, and hold an app for unwell until they have seen it well.
 * @throws Error that names the contexts that are not reached, and why not
 */
export const untilReachable = async (options: ReachableOptions): Promise<void> => {
  const { gatewayUrl, operator, timeoutMs = 120_000, intervalMs = 100 } = options;
  const giveUpAt = performance.now() + timeoutMs;
  const patiently = async (ask: () => Promise<readonly string[]>): Promise<void> => {
    for (;;) {
      const missing = await ask();
      if (missing.length === 0) return;
      if (performance.now() > giveUpAt)
        throw new Error(`the gateway does not reach every context after ${timeoutMs} ms: ${missing.join("; ")}`);
      await sleep(intervalMs);
    }
  };
  await patiently(() => notReady(gatewayUrl));
  // Health looks past the circuits. A real call goes through each: one that opened meanwhile is closed by it, and the context
  // has read the keys by which it knows its callers.
  const door = openDoor(gatewayUrl, operator);
  const open = new Set<ContextName>(serviceCatalogue.map(({ context }) => context));
  await patiently(async () => {
    const refusals = await Promise.all([...open].map((context) => refusalOf(door, context)));
    for (const { context, why } of refusals) if (why === undefined) open.delete(context);
    return refusals.flatMap(({ context, why }) => (why === undefined ? [] : [`${context}: ${why}`]));
  });
};

const notReady = async (gatewayUrl: string): Promise<readonly string[]> => {
  try {
    const answer = await fetch(`${gatewayUrl}/health`, { signal: AbortSignal.timeout(10_000) });
    const { ok, contexts = {} } = (await answer.json()) as {
      readonly ok?: boolean;
      readonly contexts?: Readonly<Record<string, { readonly ok: boolean; readonly state: string }>>;
    };
    if (ok === true) return [];
    const down = Object.entries(contexts).flatMap(([name, one]) => (one.ok ? [] : [`${name}: ${one.state}`]));
    return down.length > 0 ? down : [`the gateway answers ${answer.status}`];
  } catch (error) {
    return [`the gateway: ${messageOf(error)}`];
  }
};

const refusalOf = async (door: Door, context: ContextName) => {
  try {
    await door.jobsOf(context).listJobs({});
    return { context, why: undefined };
  } catch (error) {
    return { context, why: messageOf(error) };
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
