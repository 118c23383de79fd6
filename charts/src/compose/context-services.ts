import { apiOf, type Binary, gatewayOf, sidecarPorts, workersOf } from "../contexts/binary.ts";
import { settingsOf } from "../contexts/settings.ts";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import { type ComposeFile, type ComposeService, variable } from "./compose-file.ts";

type Services = ComposeFile["services"];

/** Files of secrets, made by `npm run compose:secrets`: one for each Secret that a cluster would have. */
export const secretFile = (name: string): string => `.compose/${name}.env`;

/** Registry and tag may be others: those of a release, say. */
export const imageOf = (context: string): string =>
  `${variable("TANDEM_REGISTRY", "localhost")}/tandem/${context}:${variable("TANDEM_TAG", "dev")}`;

// There is no shell in the image, and no curl: Node asks.
const healthy = (port: number) => ({
  test: [
    "CMD",
    "node",
    "-e",
    `fetch("http://127.0.0.1:${port}/readyz").then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`,
  ],
  interval: "30s",
  timeout: "10s",
  retries: 3,
  start_period: "120s",
  start_interval: "3s",
});

const hardened = {
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  tmpfs: ["/tmp"],
};

/** What all binaries, all migrations and all sidecars have. */
export const sharedParts = {
  binary: { restart: "unless-stopped", ...hardened, stop_grace_period: "40s", mem_limit: "384m" },
  migration: { restart: "on-failure", command: ["/app/bin/migrate", "up"], ...hardened, mem_limit: "256m" },
  sidecar: {
    // Only daprd itself: our image of it and the official one differ in nothing that is used here.
    image: variable("DAPRD_IMAGE", "docker.io/daprio/daprd:1.18.3"),
    restart: "unless-stopped",
    ...hardened,
    stop_grace_period: "45s",
    mem_limit: "256m",
    env_file: [secretFile("sidecar")],
    volumes: [
      "./components/compose:/components:ro",
      "./components/configuration/compose.yaml:/configuration.yaml:ro",
      "names:/names",
    ],
  },
} as const;

/** On this machine only. */
const publish = (name: string, port = 0): string => `127.0.0.1:${variable(name, String(port))}:${port}`;

const serviceOf = (binary: Binary, platform: Platform, environment: Environment): Partial<ComposeService> => {
  const { context, appId, component, ports, opsPort } = binary;
  const isGateway = context === platform.gateway.context;
  const settings = settingsOf(binary, platform, environment);
  return {
    image: imageOf(context),
    command: [`/app/bin/${component}`],
    environment: {
      ...settings,
      // No endpoints have to forget a container.
      DRAIN_DELAY_MS: "0",
      // Empty counts as absent. `.env` or the shell turns these on: see the profiles.
      OTEL_EXPORTER_OTLP_ENDPOINT: variable("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
      ...(context === "search"
        ? { SEARCH_ENGINE: variable("SEARCH_ENGINE", "postgres"), SEARCH_ENGINE_URL: "http://opensearch:9200" }
        : {}),
    },
    env_file: [
      secretFile(appId),
      secretFile("dapr-api-token"),
      ...(component === "worker" ? [secretFile("app-api-token")] : []),
    ],
    ...(isGateway
      ? { ports: [publish("GATEWAY_PORT", ports["http"]), publish("GATEWAY_GRPC_PORT", ports["grpc"])] }
      : {}),
    depends_on: isGateway
      ? { redis: { condition: "service_healthy" } }
      : { [`${context}-migrate`]: { condition: "service_completed_successfully" } },
    healthcheck: healthy(ports[opsPort] ?? 0),
  };
};

/** daprd in the network of its app, as in a pod. */
const sidecarOf = ({ appId, app, context, shutdown }: Binary): Partial<ComposeService> => ({
  command: [
    "/daprd",
    ...["--app-id", appId, "--app-port", String(app.port), "--app-protocol", app.protocol],
    ...["--dapr-http-port", String(sidecarPorts.http), "--dapr-grpc-port", String(sidecarPorts.grpc)],
    ...["--dapr-internal-grpc-port", String(sidecarPorts.internalGrpc), "--metrics-port", String(sidecarPorts.metrics)],
    ...["--dapr-listen-addresses", "127.0.0.1", "--resources-path", "/components", "--config", "/configuration.yaml"],
    ...["--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-probe-timeout", "900"],
    ...["--app-health-threshold", "3", ...(app.protocol === "http" ? ["--app-health-check-path", "/livez"] : [])],
    // Nothing here uses actors or the scheduler.
    ...["--placement-host-address", "", "--scheduler-host-address", ""],
    ...[
      "--dapr-block-shutdown-duration",
      `${shutdown.sidecarBlockSeconds}s`,
      "--dapr-graceful-shutdown-seconds",
      String(shutdown.sidecarGracefulSeconds),
    ],
    ...(LARGE_BODIES.has(context) ? ["--max-body-size", "32Mi"] : []),
  ],
  network_mode: `service:${appId}`,
  depends_on: {
    // A new container of the app has a new network: the sidecar follows it.
    [appId]: { condition: "service_started", restart: true },
    redis: { condition: "service_healthy" },
    "postgres-state": { condition: "service_completed_successfully" },
  },
});

/** Files go through the sidecars of the door and of who keeps them. */
const LARGE_BODIES: ReadonlySet<string> = new Set(["gateway", "common-operations"]);

const withSidecar = (binary: Binary, platform: Platform, environment: Environment): Services => ({
  [binary.appId]: { like: "binary", service: serviceOf(binary, platform, environment) },
  [`${binary.appId}-dapr`]: { like: "sidecar", service: sidecarOf(binary) },
});

/** The door, and of every context its API, its worker and its migration. */
export const contextServices = (platform: Platform, environment: Environment): Services =>
  Object.assign(
    withSidecar(gatewayOf(platform.gateway), platform, environment),
    ...platform.contexts.map(
      (context): Services => ({
        [`${context.context}-migrate`]: {
          like: "migration",
          service: {
            image: imageOf(context.context),
            environment: { LOG_LEVEL: environment.logLevel },
            env_file: [secretFile(`${context.context}-migrate`)],
            depends_on: { postgres: { condition: "service_healthy" } },
          },
        },
        ...Object.assign(
          {},
          ...[apiOf(context), ...workersOf(context, environment)].map((binary) =>
            withSidecar(binary, platform, environment),
          ),
        ),
      }),
    ),
  );
