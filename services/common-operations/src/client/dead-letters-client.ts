import { type AskContextsOptions, askContexts } from "../biz/ask-contexts.ts";
import type { DeadLetterRef, DeadLetters } from "../biz/ports.ts";
import type { Failure } from "../model/task.ts";
import type { ContextClients } from "./open-client.ts";
import { toFailure } from "./to-failure.ts";

const PAGE = 200;

export const makeDeadLettersClient = (
  contexts: ReadonlyMap<string, Pick<ContextClients, "deadLetters">>,
  options: AskContextsOptions,
): DeadLetters => ({
  async listOpen(fingerprint = "", signal) {
    const listAll = async (context: string, until: AbortSignal): Promise<DeadLetterRef[]> => {
      const found: DeadLetterRef[] = [];
      let cursor = "";
      do {
        const position = cursor ? { position: { case: "cursor" as const, value: cursor } } : {};
        const answer = await contexts
          .get(context)
          ?.deadLetters.listDeadLetters({ fingerprint, page: { limit: PAGE, ...position } }, { signal: until });
        for (const { deadLetterId, consumer } of answer?.deadLetters ?? [])
          found.push({ context, id: deadLetterId, consumer });
        cursor = answer?.page?.nextCursor ?? "";
      } while (cursor);
      return found;
    };
    const { answers, silent } = await askContexts([...contexts.keys()], listAll, options, signal);
    if (silent[0]) throw silent[0].error;
    return answers.flatMap(({ answer }) => answer);
  },

  async replay(refs, signal) {
    const outcomes = new Map<string, Failure | undefined>();
    const byContext = Map.groupBy(refs, ({ context }) => context);
    const replayOf = async (context: string, until: AbortSignal): Promise<void> => {
      const ids = (byContext.get(context) ?? []).map(({ id }) => id);
      const answer = await contexts
        .get(context)
        ?.deadLetters.replayDeadLetters({ deadLetterIds: ids }, { signal: until });
      for (const { deadLetterId, error } of answer?.results ?? [])
        outcomes.set(`${context} ${deadLetterId}`, error && toFailure(error));
    };
    const { silent } = await askContexts([...byContext.keys()], replayOf, options, signal);
    // Nobody knows what of a step was done: it is done again, which asks for the same once more.
    if (silent[0]) throw silent[0].error;
    return refs.map(({ context, id }) => outcomes.get(`${context} ${id}`));
  },
});
