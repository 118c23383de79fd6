import type { ServiceEntry } from "./service-catalogue.ts";

export interface SidecarPorts {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
  /** Between sidecars. */
  readonly internalGrpc: number;
}

/** Ports of one context on a developer's machine. In a cluster every pod has its own address, and 5005 for the worker's callback. */
export interface LocalPorts {
  readonly api: {
    /** 80NN: REST, Connect, gRPC-Web, health, metrics. */
    readonly http: number;
    /** 90NN: gRPC over h2c. */
    readonly grpc: number;
    readonly sidecar: SidecarPorts;
  };
  readonly worker: {
    /** 50NN: where the sidecar delivers events and ticks. */
    readonly app: number;
    /** 70NN: /livez, /readyz, /metrics. */
    readonly ops: number;
    readonly sidecar: SidecarPorts;
  };
}

/** Ports that belong to no context. */
export const sharedPorts = Object.freeze({ postgres: 54_320, inboxSmtp: 1025, inboxHttp: 8025 });

/**
 * @param offset added to every port, 0 to 11 000; default 0. For a second platform beside the first take 600 or 10 000: others may
 * put one range upon another (9001 is also 8001 + 1000).
 */
export const localPorts = (entry: Pick<ServiceEntry, "number">, offset = 0): LocalPorts => {
  const at = (base: number) => base + entry.number + offset;
  return {
    api: {
      http: at(8000),
      grpc: at(9000),
      sidecar: { http: at(3500), grpc: at(3600), metrics: at(3700), internalGrpc: at(3800) },
    },
    worker: {
      app: at(5000),
      ops: at(7000),
      sidecar: { http: at(4500), grpc: at(4600), metrics: at(4700), internalGrpc: at(4800) },
    },
  };
};
