import type { ContextName, ServiceEntry } from "@tandem/contracts";
import type { Upstreams } from "../forward/upstreams.ts";

export interface ContextHealth {
  readonly context: ContextName;
  readonly ok: boolean;
  /** Why not: it does not answer, or it answers that it is not ready. */
  readonly state: "ready" | "not_ready" | "unreachable";
  readonly elapsedMs: number;
}

export interface HealthBoard {
  of(context: ContextName): Promise<ContextHealth>;
  all(): Promise<readonly ContextHealth[]>;
}

export interface HealthBoardOptions {
  readonly contexts: readonly ServiceEntry[];
  readonly upstreams: Upstreams;
  readonly headersFor: (context: ContextName) => Record<string, string>;
  /** How long an answer is good: default 1 000. Whoever asks meanwhile shares it. */
  readonly keepMs?: number;
  readonly timeoutMs?: number;
}

/** What the contexts' `/readyz` say, asked for at most once a second each. */
export const createHealthBoard = (options: HealthBoardOptions): HealthBoard => {
  const { contexts, upstreams, headersFor, keepMs = 1_000, timeoutMs = 2_000 } = options;
  const known = new Map<ContextName, { readonly answer: Promise<ContextHealth>; readonly until: number }>();

  const ask = async (context: ContextName): Promise<ContextHealth> => {
    const startedAt = performance.now();
    const ended = (state: ContextHealth["state"]): ContextHealth => ({
      context,
      ok: state === "ready",
      state,
      elapsedMs: Math.round(performance.now() - startedAt),
    });
    try {
      const answer = await upstreams.send(context, {
        httpMethod: "GET",
        target: "/readyz",
        headers: headersFor(context),
        body: { kind: "none" },
        repeatable: false,
        streaming: false,
        kind: "probe",
        deadlineAt: Date.now() + timeoutMs,
        signal: new AbortController().signal,
      });
      await answer.body.dump();
      if (answer.statusCode === 200) return ended("ready");
      return ended(answer.statusCode === 503 ? "not_ready" : "unreachable");
    } catch {
      return ended("unreachable");
    }
  };
  const of = (context: ContextName): Promise<ContextHealth> => {
    const found = known.get(context);
    if (found !== undefined && performance.now() < found.until) return found.answer;
    const answer = ask(context);
    known.set(context, { answer, until: performance.now() + keepMs });
    return answer;
  };
  return { of, all: () => Promise.all(contexts.map(({ context }) => of(context))) };
};
