import type { Chart } from "cdk8s";
import { addStatefulStore } from "./stateful-store.ts";
import type { StoreSettings } from "./store-settings.ts";
import { execProbe, fromSecret, resourcesOf, scratch, tcpProbe } from "./store-workload.ts";

/** The broker. It writes what it was given to its file, and refuses rather than forgets when memory ends. */
export const addRedis = (chart: Chart, settings: StoreSettings): void => {
  const ping = ["redis-cli", "--no-auth-warning", "ping"];
  addStatefulStore(
    chart,
    {
      name: "redis",
      ports: { redis: 6379 },
      user: 10_001,
      container: {
        image: settings.redis.image,
        command: ["redis-server"],
        args: [
          ...["--requirepass", "$(REDISCLI_AUTH)", "--protected-mode", "no", "--bind", "0.0.0.0"],
          ...["--dir", "/data", "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
          ...["--maxmemory", "384mb", "--maxmemory-policy", "noeviction"],
        ],
        // redis-cli takes the password from here too.
        env: [fromSecret("REDISCLI_AUTH", "redis", "password")],
        startupProbe: execProbe(ping, { periodSeconds: 2, failureThreshold: 60 }),
        livenessProbe: tcpProbe("redis", { periodSeconds: 10, failureThreshold: 6 }),
        readinessProbe: execProbe(ping),
        resources: resourcesOf("20m", "32Mi", "512Mi"),
        volumeMounts: [
          { name: "data", mountPath: "/data" },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
      volumes: [scratch("tmp", "16Mi")],
    },
    settings,
  );
};
