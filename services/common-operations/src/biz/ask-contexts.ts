import { AppError, isAppError } from "@tandem/kernel";

export interface Asked<T> {
  /** In the order of the contexts. */
  readonly answers: readonly { readonly context: string; readonly answer: T }[];
  /** Those that did not answer in time, or could not. */
  readonly silent: readonly { readonly context: string; readonly error: AppError }[];
}

export interface AskContextsOptions {
  /** Contexts that are asked at a time. */
  readonly concurrency: number;
  /** Longest time for one of them; less when the caller has less. */
  readonly deadlineMs: number;
}

/**
 * Asks contexts the same, some at a time, each within its time. Never fails as a whole: who says nothing is named. A caller who may not ask is
 * refused, whoever of them says so.
 * @throws AppError of kind permission_denied or unauthenticated
 */
export const askContexts = async <T>(
  contexts: readonly string[],
  ask: (context: string, signal: AbortSignal) => Promise<T>,
  { concurrency, deadlineMs }: AskContextsOptions,
  signal: AbortSignal,
): Promise<Asked<T>> => {
  const answers = new Map<string, { readonly answer: T }>();
  const silent = new Map<string, AppError>();
  const waiting = contexts.values();
  const work = async (): Promise<void> => {
    for (const context of waiting) {
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        answers.set(context, { answer: await within(ask(context, AbortSignal.any([signal, deadline])), deadline) });
      } catch (error) {
        if (isAppError(error) && (error.kind === "permission_denied" || error.kind === "unauthenticated")) throw error;
        silent.set(context, silence(context, error));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, contexts.length) }, work));
  return {
    answers: contexts.flatMap((context) => {
      const found = answers.get(context);
      return found ? [{ context, answer: found.answer }] : [];
    }),
    silent: contexts.flatMap((context) => {
      const error = silent.get(context);
      return error ? [{ context, error }] : [];
    }),
  };
};

/** Also ends for one that does not listen to its signal. */
const within = <T>(work: Promise<T>, deadline: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const late = () => reject(new AppError("deadline_exceeded", "rpc.deadline_exceeded", "It took too long."));
    deadline.addEventListener("abort", late, { once: true });
    work.then(resolve, reject).finally(() => deadline.removeEventListener("abort", late));
  });

/** A refusal of the context itself (no such job) is an answer, and stays what it is. */
const silence = (context: string, cause: unknown): AppError => {
  const known = isAppError(cause) ? cause : undefined;
  if (known && ["not_found", "invalid_argument", "failed_precondition", "conflict"].includes(known.kind)) return known;
  return new AppError("unavailable", "operations.context_silent", `${context} did not answer in time.`, { cause });
};
