import type { Chart } from "cdk8s";
import { KubeService, KubeStatefulSet, Quantity } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { StoreSettings } from "./store-settings.ts";
import { addSurroundings, metadataOf, podOf, type Store, scratch, selectorOf } from "./store-workload.ts";

/** A store with data at `data`, its volume where the environment has them. */
export const addStatefulStore = (chart: Chart, store: Store, { volumes }: StoreSettings): void => {
  const { name } = store;
  addSurroundings(chart, store);
  // Clients take the one above: its address stays when the pod's changes, and no resolver remembers the old one.
  new KubeService(chart, `${name}-pods`, {
    metadata: metadataOf(`${name}-pods`),
    spec: { clusterIp: "None", selector: { "app.kubernetes.io/name": name } },
  });
  const template = podOf({
    ...store,
    volumes: volumes.kind === "claim" ? store.volumes : [scratch("data"), ...store.volumes],
  });
  new KubeStatefulSet(chart, name, {
    metadata: metadataOf(name),
    spec: {
      serviceName: `${name}-pods`,
      replicas: 1,
      selector: selectorOf(name),
      template: { ...template, spec: template.spec && { ...template.spec, terminationGracePeriodSeconds: 60 } },
      ...(volumes.kind === "claim"
        ? {
            volumeClaimTemplates: [
              {
                metadata: { name: "data" },
                spec: {
                  accessModes: ["ReadWriteOnce"],
                  resources: { requests: { storage: Quantity.fromString(volumes.size) } },
                },
              },
            ],
          }
        : {}),
    },
  });
};
