/** Where spans go. */
export type TraceSink = { readonly kind: "log" } | { readonly kind: "otlp"; readonly endpoint: string };

const exporterOf = (sink: TraceSink): readonly [name: string, settings: object] =>
  sink.kind === "log"
    ? ["debug", { verbosity: "basic" }]
    : ["otlp", { endpoint: sink.endpoint, tls: { insecure: true }, sending_queue: { queue_size: 1_000 } }];

/** The collector takes what apps and sidecars trace. Metrics do not pass through it: Prometheus asks everybody itself. */
export const collectorConfig = (sink: TraceSink) => {
  const [exporter, settings] = exporterOf(sink);
  return {
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } } },
    processors: { memory_limiter: { check_interval: "1s", limit_mib: 160 }, batch: {} },
    exporters: { [exporter]: settings },
    extensions: { health_check: { endpoint: "0.0.0.0:13133" } },
    service: {
      extensions: ["health_check"],
      pipelines: { traces: { receivers: ["otlp"], processors: ["memory_limiter", "batch"], exporters: [exporter] } },
    },
  };
};
