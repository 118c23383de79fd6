import type { EnvironmentName } from "../environments/index.ts";

/** Stores that an environment brings along, in the namespace `tandem-stores`. */
export interface StoreSettings {
  readonly postgres: {
    /** With `psql` and `pg_isready`, and an entrypoint that takes POSTGRES_PASSWORD, PGDATA and arguments for postgres, as the official one does. */
    readonly image: string;
    readonly maxConnections: number;
  };
  readonly redis: { readonly image: string };
  /** Where data lies. `claim` needs a cluster that makes volumes; `emptyDir` outlives a container, and not its pod. */
  readonly volumes: { readonly kind: "emptyDir" } | { readonly kind: "claim"; readonly size: string };
  /** Search without it is done by Postgres. */
  readonly openSearch?: { readonly image: string };
  /** Without it traces go nowhere. */
  readonly otelCollector?: { readonly image: string };
}

/**
 * Only `local` has stores of its own. The images run on kind too: load the official postgres and redis under these names.
 * Staging and production use managed ones; what is expected of those stands in components/README.md.
 */
export const storeSettings: Readonly<Partial<Record<EnvironmentName, StoreSettings>>> = {
  local: {
    postgres: { image: "localhost/postgres:15", maxConnections: 400 },
    redis: { image: "localhost/redis:7" },
    volumes: { kind: "emptyDir" },
  },
};
