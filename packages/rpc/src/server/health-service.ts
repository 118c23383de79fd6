import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { Health as RuntimeHealth } from "@tandem/runtime";
import { type Health, HealthCheckResponse_ServingStatus as Status } from "../gen/grpc/health/v1/health_pb.ts";

export interface HealthServiceOptions {
  readonly health: RuntimeHealth;
  /** Full names of the services that the server has. All share the server's health; "" is the server. */
  readonly services: ReadonlySet<string>;
  /** How often a watched health is evaluated anew, in milliseconds. Default 5 000. */
  readonly watchIntervalMs?: number;
}

/** grpc.health.v1 on the runtime's health: what `/readyz` says, per service, once or as a stream of changes. */
export const createHealthService = ({
  health,
  services,
  watchIntervalMs = 5_000,
}: HealthServiceOptions): ServiceImpl<typeof Health> => {
  const knows = (service: string): boolean => service === "" || services.has(service);
  return {
    check: async ({ service }) => {
      if (!knows(service)) throw new ConnectError("unknown service", Code.NotFound);
      return { status: (await health.ready()).ok ? Status.SERVING : Status.NOT_SERVING };
    },
    watch: async function* ({ service }, context) {
      if (!knows(service)) {
        yield { status: Status.SERVICE_UNKNOWN };
        await aborted(context.signal);
        return;
      }
      yield* statuses(health, watchIntervalMs, context);
    },
  };
};

async function* statuses(
  health: RuntimeHealth,
  intervalMs: number,
  { signal }: HandlerContext,
): AsyncGenerator<{ status: Status }> {
  let wake = (): void => {};
  let latest: boolean | undefined;
  const stopListening = health.onChange((ok) => {
    latest = ok;
    wake();
  });
  const look = (): void =>
    void health.ready().then(({ ok }) => {
      latest = ok;
      wake();
    });
  const timer = setInterval(look, intervalMs);
  timer.unref();
  signal.addEventListener("abort", () => wake(), { once: true });
  try {
    look();
    let told: boolean | undefined;
    while (!signal.aborted) {
      if (latest !== undefined && latest !== told) {
        told = latest;
        yield { status: told ? Status.SERVING : Status.NOT_SERVING };
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted || latest !== told) resolve();
      });
    }
  } finally {
    stopListening();
    clearInterval(timer);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
