import type { Chart } from "cdk8s";
import { KubeIngress } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Binary } from "./binary.ts";
import { labelsOf } from "./labels.ts";

/** The way of the world to the gateway, and to nothing else. That gRPC is h2c, the controller reads from the Service's `appProtocol`. */
export const addIngress = (chart: Chart, gateway: Binary, { door }: Environment): void => {
  if (door === undefined) return;
  const rule = (host: string, port: string) => ({
    host,
    http: {
      paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: gateway.context, port: { name: port } } } }],
    },
  });
  new KubeIngress(chart, "ingress", {
    metadata: {
      name: gateway.context,
      labels: labelsOf(gateway),
      annotations: { "cert-manager.io/cluster-issuer": door.certificateIssuer },
    },
    spec: {
      ingressClassName: door.ingressClass,
      tls: [{ hosts: [door.host, door.grpcHost], secretName: `${gateway.context}-tls` }],
      rules: [rule(door.host, "http"), rule(door.grpcHost, "grpc")],
    },
  });
};
