import type { ContextName } from "@tandem/contracts";
import type { MigrationSet } from "@tandem/postgres";
import type { Binary, Env } from "@tandem/runtime";

type LogDestination = { write(text: string): void };

export interface ServiceBinaries {
  readonly startApi: (env: Env, host: { readonly logDestination?: LogDestination }) => Promise<Binary>;
  readonly startWorker: (env: Env, host: { readonly logDestination?: LogDestination }) => Promise<Binary>;
  readonly migrations: readonly MigrationSet[];
}

/** The three binaries of a context as functions. Loaded when needed: `--only` pays for what it runs. */
export const loadService = async (context: ContextName): Promise<ServiceBinaries> => {
  const [{ startApi }, { startWorker }, { migrations }] = await Promise.all([
    import(`@tandem/${context}-service/api`) as Promise<Pick<ServiceBinaries, "startApi">>,
    import(`@tandem/${context}-service/worker`) as Promise<Pick<ServiceBinaries, "startWorker">>,
    import(`@tandem/${context}-service/migrate`) as Promise<Pick<ServiceBinaries, "migrations">>,
  ]);
  return { startApi, startWorker, migrations };
};

/** The gateway has one binary, and nothing to migrate. */
export const loadGateway = (): Promise<Pick<ServiceBinaries, "startApi">> => import("@tandem/gateway-service/api");
