/** A binary or a sidecar, by app id. */
export interface ScrapeTarget {
  readonly appId: string;
  /** `host:port`. */
  readonly address: string;
  readonly path: string;
}

const jobOf = (job: string, targets: readonly ScrapeTarget[]) => ({
  job_name: job,
  // Ours say themselves which service they are.
  honor_labels: true,
  ...(targets[0] === undefined ? {} : { metrics_path: targets[0].path }),
  static_configs: targets.map(({ appId, address }) => ({ targets: [address], labels: { app_id: appId } })),
});

/** Prometheus outside of Kubernetes: every binary, every sidecar, and the rules beside it. */
export const prometheusConfig = (binaries: readonly ScrapeTarget[], sidecars: readonly ScrapeTarget[]) => ({
  global: { scrape_interval: "15s", evaluation_interval: "15s" },
  rule_files: ["rules.yaml"],
  scrape_configs: [jobOf("tandem", binaries), ...(sidecars.length === 0 ? [] : [jobOf("daprd", sidecars)])],
});
