import type { Chart } from "cdk8s";
import {
  type HorizontalPodAutoscalerBehaviorV2,
  KubeHorizontalPodAutoscalerV2,
} from "cdk8s-plus-33/lib/imports/k8s.js";
import { ScaledObject } from "../../imports/keda.sh.ts";
import type { Replicas } from "../environments/environment.ts";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import { backlogTriggers } from "./backlog-triggers.ts";
import type { Binary } from "./binary.ts";
import { labelsOf } from "./labels.ts";

/** Up at once, down only after five quiet minutes and a pod at a time: a rebalance costs more than a pod. */
const behavior: HorizontalPodAutoscalerBehaviorV2 = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 30 }] },
  scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
};

const CPU_PERCENT = 70;

const replicasOf = (binary: Binary, { gateway }: Platform, { replicas }: Environment): Replicas =>
  binary.context === gateway.context ? replicas.gateway : replicas[binary.component];

const addAutoscaler = (chart: Chart, binary: Binary, { min, max }: Replicas): void => {
  const { name, component } = binary;
  new KubeHorizontalPodAutoscalerV2(chart, `${name}-scaling`, {
    metadata: { name, labels: labelsOf(binary) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          // Of the one container: the sidecar's share says nothing of the app's need.
          type: "ContainerResource",
          containerResource: {
            name: "cpu",
            container: component,
            target: { type: "Utilization", averageUtilization: CPU_PERCENT },
          },
        },
      ],
      behavior,
    },
  });
};

/**
 * How many replicas a binary has. APIs go by their processor time; workers by what waits for them, where KEDA can count it. Never
 * less than one: jobs and the relay run by the clock, whether something waits or not.
 */
export const addScaling = (chart: Chart, binary: Binary, platform: Platform, environment: Environment): void => {
  const replicas = replicasOf(binary, platform, environment);
  if (binary.component === "api" || !environment.installed.keda) {
    addAutoscaler(chart, binary, replicas);
    return;
  }
  const { name } = binary;
  const min = Math.max(1, replicas.min);
  new ScaledObject(chart, `${name}-scaling`, {
    metadata: { name, labels: labelsOf(binary) },
    spec: {
      scaleTargetRef: { name, envSourceContainerName: binary.component },
      minReplicaCount: min,
      maxReplicaCount: replicas.max,
      pollingInterval: 15,
      // The broker's numbers are away: as many as at quiet times, not none.
      fallback: { failureThreshold: 3, replicas: min },
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: [...backlogTriggers(binary, platform, environment)],
    },
  });
};
