export const environmentNames = ["local", "staging", "production"] as const;
export type EnvironmentName = (typeof environmentNames)[number];

/** What differs between clusters. Everything else of a manifest comes from the catalogue. */
export interface Environment {
  readonly name: EnvironmentName;
  /** Of contexts, components and secrets. */
  readonly namespace: string;
  /** Before `/tandem/<context>` in the names of images. */
  readonly registry: string;
  /** Operators that this cluster has: without one nothing of its kinds is written. */
  readonly installed: {
    readonly keda: boolean;
    readonly prometheusOperator: boolean;
    readonly externalSecrets: boolean;
  };
  readonly broker: "redis" | "kafka";
  /** Where traces go; absent: nowhere. */
  readonly otlpEndpoint?: string;
}
