import type { IncomingHttpHeaders } from "node:http";
import type { ContextName } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import { createCacheLoader } from "@tandem/resilience";
import type { Metrics } from "@tandem/runtime";
import { answerBroken, readUnlessLarge } from "./read-answer.ts";
import type { UpstreamAnswer } from "./upstreams.ts";

export interface SharedAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

export interface SharedQuestion {
  readonly context: ContextName;
  readonly httpMethod: string;
  /** Path and query. */
  readonly target: string;
  /** Only those of {@link askedHeaders}: nothing else may reach the context, or one caller could choose the answer of all. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Asks the context, when nobody has. */
  readonly ask: (signal: AbortSignal) => Promise<UpstreamAnswer>;
}

export interface SharedAnswers {
  /** @returns undefined for an answer too large to keep: ask for it alone. @throws what `ask` throws, to everybody who waits for it */
  answer(question: SharedQuestion, gone: AbortSignal): Promise<SharedAnswer | undefined>;
}

/** What an answer may depend on, besides path, query and body. */
const ASKED_BY = [
  "content-type",
  "content-encoding",
  "accept",
  "accept-encoding",
  "accept-language",
  "connect-protocol-version",
] as const;

/** What of an answer is not about the call that fetched it. */
const KEPT = ["content-type", "content-encoding", "content-language", "etag", "vary", "retry-after"] as const;

const MAX_ALL_BYTES = 8 * 1_048_576;
/** Of an entry, beside its body: key and headers, at most. */
const ENTRY_BYTES = 2_048;

export const askedHeaders = (incoming: IncomingHttpHeaders): Record<string, string> => {
  const asked: Record<string, string> = {};
  for (const name of ASKED_BY) {
    const value = incoming[name];
    if (typeof value === "string") asked[name] = value;
  }
  return asked;
};

/**
 * One answer for all who ask the same within a moment: of a thousand people on the front page one reaches the context. Requests that come
 * while it is on its way wait for it; after `forMs` it is given out once more as long while it is fetched anew behind (RFC 5861,
 * stale-while-revalidate), so nobody waits for what many ask. Errors are never kept.
 * @param forMs 1 to 60000
 */
export const createSharedAnswers = (forMs: number, metrics: Metrics): SharedAnswers => {
  const shared = metrics.counter({
    name: "tandem_gateway_shared_answers_total",
    help: "Public reads by where their answer came from: hit, stale_hit, shared (one already on its way) or miss (the context)",
    labels: ["context", "result"],
  });
  const TOO_LARGE: SharedAnswer = { statusCode: 0, headers: {}, body: Buffer.alloc(0) };
  const loader = createCacheLoader<SharedQuestion, SharedAnswer>({
    load: async ({ ask }, signal) => {
      const answer = await ask(signal);
      const body = await readUnlessLarge(answer).catch((error: unknown) => Promise.reject(answerBroken(error)));
      if (body === undefined) return TOO_LARGE;
      const headers: Record<string, string | string[]> = {};
      for (const name of KEPT) {
        const value = answer.headers[name];
        if (value !== undefined) headers[name] = value;
      }
      return { statusCode: answer.statusCode, headers, body };
    },
    ttlMs: forMs,
    staleMs: forMs,
    // An error is for those who waited for it, and for nobody after.
    isEmpty: ({ statusCode }) => statusCode !== 200,
    emptyTtlMs: 0,
    maxEntries: 4_096,
    maxSize: MAX_ALL_BYTES,
    sizeOf: ({ body }) => body.length + ENTRY_BYTES,
    keyOf: ({ httpMethod, target, headers, body }) =>
      [httpMethod, target, ...ASKED_BY.map((name) => headers[name] ?? ""), body?.toString("latin1") ?? ""].join("\n"),
    onEvent: (result, { context }) => shared.inc({ context, result }),
  });
  return {
    answer: async (question, gone) => {
      const answer = await loader.get(question, gone).catch((error: unknown) => {
        if (gone.aborted) throw new AppError("cancelled", "rpc.cancelled", "The caller went away.", { cause: error });
        throw error;
      });
      return answer === TOO_LARGE ? undefined : answer;
    },
  };
};
