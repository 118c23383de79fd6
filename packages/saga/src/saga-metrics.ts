import type { Metrics } from "@tandem/runtime";
import type { Advance } from "./advance.ts";
import type { StepOutcome } from "./instance.ts";
import type { SagaTypes } from "./types.ts";

const durationBucketsS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 86_400, 604_800];

/** Counted after commit only: a transaction that is repeated counts once. */
export const makeSagaMetrics = (metrics: Metrics | undefined, saga: string) => {
  const started = metrics?.counter({ name: "tandem_saga_started_total", help: "Sagas started", labels: ["saga"] });
  const ended = metrics?.counter({
    name: "tandem_saga_ended_total",
    help: "Sagas that reached an end state, or were parked for a person",
    labels: ["saga", "status"],
  });
  const inputs = metrics?.counter({
    name: "tandem_saga_inputs_total",
    help: "Events, timers and operator requests by what became of them",
    labels: ["saga", "outcome"],
  });
  const duration = metrics?.histogram({
    name: "tandem_saga_duration_seconds",
    help: "From start to end state",
    labels: ["saga", "status"],
    buckets: durationBucketsS,
  });
  return {
    started: () => {
      started?.inc({ saga });
    },
    noted: (outcome: StepOutcome) => {
      inputs?.inc({ saga, outcome });
    },
    advanced: <T extends SagaTypes>({ outcome, instance, moved }: Advance<T>) => {
      inputs?.inc({ saga, outcome });
      const { status, endedAt, startedAt } = instance;
      if (!moved || status === "running" || status === "compensating") return;
      ended?.inc({ saga, status });
      if (endedAt) duration?.observe({ saga, status }, (endedAt.getTime() - startedAt.getTime()) / 1_000);
    },
  };
};
