import type { ContextName } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import { type AdaptiveLimit, createAdaptiveLimit } from "@tandem/resilience";
import type { Logger, Metrics } from "@tandem/runtime";

/**
 * `read` may fill four fifths of what a context carries, so that who buys still gets in when many look. `patient` calls take their time by
 * the caller's wish (streams, `Prefer: wait`): they are only counted. `probe` is a look at the context's health, past circuit and limit;
 * any JSON is the context's own answer.
 */
export type CallKind = "read" | "write" | "patient" | "probe";

export interface AdmissionOptions {
  readonly contexts: readonly ContextName[];
  readonly maxInFlight: number;
  readonly slowMs: number;
  readonly log: Pick<Logger, "warn">;
  readonly metrics: Metrics;
}

/** Who may call a context now. One that is slower than it should be gets fewer calls at once, and the rest hear so at once. */
export interface Admission {
  /** @returns to be called with whether there was an answer. @throws AppError `gateway.context_busy` */
  enter(context: ContextName, kind: CallKind): (answered: boolean) => void;
}

const READ_SHARE = 0.8;
/** Of a context that is busy for long one line each second is enough. */
const WARN_EVERY_MS = 1_000;
const unlimited = () => undefined;

export const createAdmission = ({ contexts, maxInFlight, slowMs, log, metrics }: AdmissionOptions): Admission => {
  const limitGauge = metrics.gauge({
    name: "tandem_gateway_concurrency_limit",
    help: "Calls that the context may have in progress now: MAX_IN_FLIGHT_PER_CONTEXT, or fewer while it is slow",
    labels: ["context"],
  });
  const refused = metrics.counter({
    name: "tandem_gateway_busy_refusals_total",
    help: "Calls refused because the context has as many in progress as it can answer in time",
    labels: ["context", "kind"],
  });
  const gates = new Map<ContextName, { readonly prompt: AdaptiveLimit; readonly patient: AdaptiveLimit }>();
  for (const context of contexts) {
    limitGauge.set({ context }, maxInFlight);
    const prompt = createAdaptiveLimit({
      min: Math.min(16, maxInFlight),
      max: maxInFlight,
      slowMs,
      onLimit: (limit) => limitGauge.set({ context }, limit),
    });
    gates.set(context, { prompt, patient: createAdaptiveLimit({ min: maxInFlight, max: maxInFlight, slowMs }) });
  }
  const warnedAt = new Map<ContextName, number>();
  const warn = (context: ContextName, limit: number) => {
    const now = performance.now();
    if (now - (warnedAt.get(context) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    warnedAt.set(context, now);
    log.warn({ context, limit }, "the context is busy: calls are refused");
  };

  return {
    enter: (context, kind) => {
      const gate = gates.get(context);
      if (gate === undefined || kind === "probe") return unlimited;
      const leave = kind === "patient" ? gate.patient.enter() : gate.prompt.enter(kind === "read" ? READ_SHARE : 1);
      if (leave !== undefined) return leave;
      refused.inc({ context, kind });
      warn(context, gate.prompt.limit);
      throw new AppError("unavailable", "gateway.context_busy", `The context ${context} has too much to do now.`, {
        details: [
          {
            field: "context",
            rule: context,
            message: "This part of the platform has more calls in progress than it can answer in time.",
          },
        ],
      });
    },
  };
};
