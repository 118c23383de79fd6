import type { Chart } from "cdk8s";
import { IntOrString, KubeService } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Binary } from "./binary.ts";
import { labelsOf, selectorOf } from "./labels.ts";

/** Of an API. A worker has none: nobody calls it, and its sidecar's comes from Dapr's operator. */
export const addService = (chart: Chart, api: Binary): void => {
  const { http, grpc } = api.ports;
  const port = (name: string, number: number | undefined, appProtocol: string) =>
    number === undefined ? [] : [{ name, port: number, targetPort: IntOrString.fromString(name), appProtocol }];
  new KubeService(chart, `${api.name}-service`, {
    metadata: { name: api.context, labels: labelsOf(api) },
    spec: {
      type: "ClusterIP",
      selector: selectorOf(api),
      ports: [...port("http", http, "http"), ...port("grpc", grpc, "kubernetes.io/h2c")],
    },
  });
};
