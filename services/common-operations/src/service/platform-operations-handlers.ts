import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { DeadLetter, DeadLetterService, ErrorInfo, JobService } from "@tandem/contracts/common";
import type { PlatformOperationsService } from "@tandem/contracts/common-operations";
import { AppError } from "@tandem/kernel";
import { callOf, summaryOf, toErrorInfo } from "@tandem/rpc";
import { type AskContextsOptions, type Asked, askContexts } from "../biz/ask-contexts.ts";
import type { makeCreateTask } from "../biz/manage-task.ts";
import { taskToProto } from "../events/to-proto.ts";

export interface PlatformOperationsDeps {
  /** The operations services of every context, called as whoever calls. */
  readonly contexts: ReadonlyMap<
    string,
    { readonly deadLetters: Client<typeof DeadLetterService>; readonly jobs: Client<typeof JobService> }
  >;
  readonly createTask: ReturnType<typeof makeCreateTask>;
  readonly asking: AskContextsOptions;
}

interface Ref {
  readonly context: string;
  readonly deadLetterId: string;
}

const unknownContext = (context: string) =>
  new AppError("invalid_argument", "operations.context_unknown", `There is no context ${context.slice(0, 60)}.`, {
    details: [{ field: "context", rule: "exists", message: "unknown context" }],
  });

const timeOf = ({ deadAt }: DeadLetter): number => (deadAt ? timestampDate(deadAt).getTime() : 0);

export const makePlatformOperationsHandlers = (
  deps: PlatformOperationsDeps,
): ServiceImpl<typeof PlatformOperationsService> => {
  const { contexts, asking } = deps;
  const clientsOf = (context: string) => {
    const found = contexts.get(context);
    if (!found) throw unknownContext(context);
    return found;
  };
  const ask = <T>(
    wanted: readonly string[],
    question: (clients: ReturnType<typeof clientsOf>, signal: AbortSignal, context: string) => Promise<T>,
    { signal }: HandlerContext,
  ) => askContexts(wanted, (context, until) => question(clientsOf(context), until, context), asking, signal);
  const silentOf = ({ silent }: Asked<unknown>) =>
    silent.map(({ context, error }) => ({ context, error: toErrorInfo(error) }));

  /** Only one is asked: it answers, or that it does not is the answer. */
  const askOwner = async <T>(
    job: string,
    question: (jobs: Client<typeof JobService>, signal: AbortSignal) => Promise<T>,
    context: HandlerContext,
  ): Promise<T> => {
    const [owner = ""] = job.split(".");
    clientsOf(owner);
    const { answers, silent } = await ask([owner], ({ jobs }, signal) => question(jobs, signal), context);
    if (silent[0]) throw silent[0].error;
    return (answers[0] as { readonly answer: T }).answer;
  };

  const each = async (
    refs: readonly Ref[],
    change: (
      letters: Client<typeof DeadLetterService>,
      ids: string[],
      signal: AbortSignal,
    ) => Promise<{
      readonly results: readonly { readonly deadLetterId: string; readonly error?: ErrorInfo | undefined }[];
    }>,
    context: HandlerContext,
  ) => {
    for (const ref of refs) clientsOf(ref.context);
    const byContext = Map.groupBy(refs, (ref) => ref.context);
    const idsOf = (name: string) => [...new Set((byContext.get(name) ?? []).map(({ deadLetterId }) => deadLetterId))];
    const asked = await ask(
      [...byContext.keys()],
      ({ deadLetters }, signal, name) => change(deadLetters, idsOf(name), signal),
      context,
    );
    const outcomes = new Map<string, ErrorInfo | undefined>();
    for (const { context: name, answer } of asked.answers)
      for (const { deadLetterId, error } of answer.results) outcomes.set(`${name} ${deadLetterId}`, error);
    const silence = new Map(asked.silent.map((one) => [one.context, toErrorInfo(one.error)]));
    const results = refs.map(({ context: name, deadLetterId }) => {
      const error = silence.get(name) ?? outcomes.get(`${name} ${deadLetterId}`);
      return { context: name, deadLetterId, ...(error ? { error } : {}) };
    });
    return { results, summary: summaryOf(results.map(({ error }) => ({ case: error ? "error" : "ok" }))) };
  };

  const groups = (context: HandlerContext) =>
    ask([...contexts.keys()], ({ deadLetters }, signal) => deadLetters.groupDeadLetters({}, { signal }), context);

  return {
    searchDeadLetters: async (request, context) => {
      const { status, consumer, topic, eventId, fingerprint, text, before } = request;
      const size = request.limit || 50;
      for (const name of request.contexts) clientsOf(name);
      const wanted = request.contexts.length > 0 ? request.contexts : [...contexts.keys()];
      const filter = { status, consumer, topic, eventId, fingerprint, text, ...(before ? { before } : {}) };
      const asked = await ask(
        wanted,
        ({ deadLetters }, signal) => deadLetters.listDeadLetters({ ...filter, page: { limit: size } }, { signal }),
        context,
      );
      const all = asked.answers
        .flatMap(({ context: name, answer }) =>
          answer.deadLetters.map((deadLetter) => ({ context: name, deadLetter, at: timeOf(deadLetter) })),
        )
        .sort((a, b) => b.at - a.at);
      const more = all.length > size || asked.answers.some(({ answer }) => answer.page?.nextCursor);
      return {
        deadLetters: all.slice(0, size).map(({ context: name, deadLetter }) => ({ context: name, deadLetter })),
        silent: silentOf(asked),
        more,
      };
    },

    groupDeadLetters: async (_, context) => {
      const asked = await groups(context);
      const found = asked.answers.flatMap(({ context: name, answer }) =>
        answer.groups.map((group) => ({ context: name, group })),
      );
      found.sort((a, b) => Number(b.group.open - a.group.open));
      return { groups: found, silent: silentOf(asked) };
    },

    replaySelected: ({ deadLetters: refs }, context) =>
      each(refs, (letters, deadLetterIds, signal) => letters.replayDeadLetters({ deadLetterIds }, { signal }), context),
    discardSelected: ({ deadLetters: refs, note }, context) =>
      each(
        refs,
        (letters, deadLetterIds, signal) => letters.discardDeadLetters({ deadLetterIds, note }, { signal }),
        context,
      ),

    startReplay: async ({ fingerprint, maxPerSecond, dryRun }, context) => {
      const asked = await groups(context);
      const all = fingerprint === "all";
      const matching = asked.answers
        .flatMap(({ answer }) => answer.groups)
        .filter((group) => all || group.fingerprint === fingerprint)
        .reduce((sum, { open }) => sum + open, 0n);
      if (matching === 0n && asked.silent.length === 0)
        throw new AppError("not_found", "operations.group_not_found", "No open dead letter has this fingerprint.");
      if (dryRun) return { matching, silent: silentOf(asked) };
      const task = await deps.createTask(
        {
          kind: "replay-dead-letters",
          parameters: { fingerprint: all ? undefined : fingerprint, maxPerSecond: maxPerSecond || 10 },
          requestedBy: callOf(context).principal.subject,
        },
        context.signal,
      );
      return { task: taskToProto(task), matching, silent: silentOf(asked) };
    },

    showJobs: async (_, context) => {
      const asked = await ask([...contexts.keys()], ({ jobs }, signal) => jobs.listJobs({}, { signal }), context);
      const jobs = asked.answers.flatMap(({ context: name, answer }) =>
        answer.jobs.map((job) => ({ context: name, job })),
      );
      return { jobs, silent: silentOf(asked) };
    },
    showJobRuns: async ({ job, status }, context) => {
      const page = { limit: 100 };
      const { runs } = await askOwner(job, (jobs, signal) => jobs.listRuns({ job, status, page }, { signal }), context);
      return { runs };
    },
    runJob: async ({ job }, context) => {
      const { run } = await askOwner(job, (jobs, signal) => jobs.runNow({ job }, { signal }), context);
      return run ? { run } : {};
    },
    backfillJob: async ({ job, from, to, maxSlots, again }, context) => {
      const range = { ...(from ? { from } : {}), ...(to ? { to } : {}) };
      const { runs } = await askOwner(
        job,
        (jobs, signal) => jobs.backfill({ job, ...range, maxSlots, again }, { signal }),
        context,
      );
      return { runs };
    },
  };
};
