import { type ComposeFile, type ComposeService, variable } from "./compose-file.ts";

const observed = { profiles: ["observability"], restart: "unless-stopped" } satisfies Partial<ComposeService>;

/** Behind the profile `observability`: traces to Jaeger, metrics to Prometheus, both to Grafana. */
export const observabilityServices: ComposeFile["services"] = {
  "otel-collector": {
    service: {
      ...observed,
      image: "docker.io/otel/opentelemetry-collector:0.128.0",
      command: ["--config=/etc/otelcol/config.yaml"],
      volumes: ["./deploy/otel-collector.yaml:/etc/otelcol/config.yaml:ro"],
      depends_on: { jaeger: { condition: "service_started" } },
      mem_limit: "256m",
    },
  },
  jaeger: {
    service: {
      ...observed,
      image: "docker.io/jaegertracing/jaeger:2.6.0",
      ports: [`127.0.0.1:${variable("JAEGER_PORT", "16686")}:16686`],
      mem_limit: "512m",
    },
  },
  prometheus: {
    service: {
      ...observed,
      image: "docker.io/prom/prometheus:v3.4.1",
      command: [
        "--config.file=/etc/prometheus/prometheus.yaml",
        "--storage.tsdb.path=/prometheus",
        "--storage.tsdb.retention.time=7d",
      ],
      ports: [`127.0.0.1:${variable("PROMETHEUS_PORT", "9090")}:9090`],
      volumes: ["./deploy/prometheus:/etc/prometheus:ro", "prometheus:/prometheus"],
      healthcheck: {
        test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:9090/-/ready"],
        interval: "10s",
        timeout: "5s",
        retries: 6,
        start_period: "30s",
      },
      mem_limit: "768m",
    },
  },
  grafana: {
    service: {
      ...observed,
      image: "docker.io/grafana/grafana:12.0.1",
      // On this machine only: whoever reaches it may look at everything, and change nothing that stays.
      environment: {
        GF_AUTH_ANONYMOUS_ENABLED: "true",
        GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
        GF_AUTH_DISABLE_LOGIN_FORM: "true",
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: "/var/lib/tandem/dashboards/tandem-platform.json",
      },
      ports: [`127.0.0.1:${variable("GRAFANA_PORT", "3000")}:3000`],
      volumes: [
        "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro",
        "./deploy/grafana/dashboards:/var/lib/tandem/dashboards:ro",
        "grafana:/var/lib/grafana",
      ],
      depends_on: { prometheus: { condition: "service_healthy" } },
      mem_limit: "512m",
    },
  },
};
