import type { ReplayDeadLettersParameters } from "../model/task.ts";
import type { DeadLetterRef, DeadLetters, ItemWork } from "./ports.ts";

/**
 * Has dead letters delivered again, no faster than asked for: whoever is at their end has just been repaired. Which ones is written down
 * when the task begins; one that dies again is not replayed again.
 */
export const makeReplayDeadLetters = (deps: { readonly deadLetters: DeadLetters }): ItemWork => ({
  chunkSize: 100,
  maxPerSecond: ({ parameters }) => (parameters as ReplayDeadLettersParameters).maxPerSecond,
  async plan({ parameters }, signal) {
    const { fingerprint } = parameters as ReplayDeadLettersParameters;
    const found = await deps.deadLetters.listOpen(fingerprint, signal);
    return found.map((ref) => ({ line: 0, subject: `${ref.context} ${ref.id}`, input: ref }));
  },
  async run(_, items, signal) {
    const refs = items.map(({ input }) => input as DeadLetterRef);
    const failures = await deps.deadLetters.replay(refs, signal);
    return items.map(({ number }, at) => {
      const error = failures[at];
      return error
        ? { number, status: "FAILED" as const, error }
        : { number, status: "DONE" as const, result: refs[at]?.consumer ?? "" };
    });
  },
});
