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
