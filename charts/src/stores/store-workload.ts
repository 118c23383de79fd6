import type { Chart } from "cdk8s";
import {
  type Container,
  IntOrString,
  KubePodDisruptionBudget,
  KubeService,
  KubeServiceAccount,
  type ObjectMeta,
  type PodTemplateSpec,
  type Probe,
  Quantity,
  type ResourceRequirements,
  type SecurityContext,
  type Volume,
} from "cdk8s-plus-33/lib/imports/k8s.js";

/** One pod of everything: the laptop's stores do not scale. */
export interface Store {
  readonly name: string;
  /** Port names to numbers, of the pod and its service. */
  readonly ports: Readonly<Record<string, number>>;
  readonly container: Omit<Container, "name" | "ports" | "securityContext" | "imagePullPolicy">;
  /** Who it runs as; the same for the files of its volumes. */
  readonly user: number;
  readonly volumes: readonly Volume[];
  /** Only where the program insists on writing beside itself. */
  readonly writableRoot?: boolean;
}

const hardened = (writableRoot: boolean): SecurityContext => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: !writableRoot,
  capabilities: { drop: ["ALL"] },
});

export const labelsOf = (name: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/component": "store",
  "app.kubernetes.io/part-of": "tandem",
  "app.kubernetes.io/managed-by": "cdk8s",
});

export const selectorOf = (name: string) => ({ matchLabels: { "app.kubernetes.io/name": name } });

export const metadataOf = (name: string): ObjectMeta => ({ name, labels: { ...labelsOf(name) } });

/** A pod that the "restricted" standard admits. */
export const podOf = ({ name, ports, container, user, volumes, writableRoot = false }: Store): PodTemplateSpec => ({
  metadata: { labels: { ...labelsOf(name) } },
  spec: {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name,
        imagePullPolicy: "IfNotPresent",
        ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
        securityContext: hardened(writableRoot),
        ...container,
      },
    ],
    volumes: [...volumes],
  },
});

/** ServiceAccount, Service and PodDisruptionBudget of a store. */
export const addSurroundings = (chart: Chart, { name, ports }: Store): void => {
  new KubeServiceAccount(chart, `${name}-account`, {
    metadata: metadataOf(name),
    automountServiceAccountToken: false,
  });
  new KubeService(chart, `${name}-service`, {
    metadata: metadataOf(name),
    spec: {
      selector: { "app.kubernetes.io/name": name },
      ports: Object.entries(ports).map(([port, number]) => ({
        name: port,
        port: number,
        targetPort: IntOrString.fromString(port),
      })),
    },
  });
  // One pod cannot stay while its node is emptied: it may go, and comes back elsewhere.
  new KubePodDisruptionBudget(chart, `${name}-budget`, {
    metadata: metadataOf(name),
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector: selectorOf(name) },
  });
};

/** Nothing is said of storage: the node of ../shared/cluster has none to give, and schedules nobody who asks. */
export const resourcesOf = (cpu: string, memory: string, memoryLimit: string): ResourceRequirements => ({
  requests: { cpu: Quantity.fromString(cpu), memory: Quantity.fromString(memory) },
  limits: { memory: Quantity.fromString(memoryLimit) },
});

export const execProbe = (command: readonly string[], probe: Partial<Probe> = {}): Probe => ({
  exec: { command: [...command] },
  // Each look is a process of its own.
  periodSeconds: 10,
  timeoutSeconds: 5,
  ...probe,
});

export const tcpProbe = (port: string, probe: Partial<Probe> = {}): Probe => ({
  tcpSocket: { port: IntOrString.fromString(port) },
  periodSeconds: 5,
  timeoutSeconds: 5,
  ...probe,
});

export const fromSecret = (name: string, secret: string, key: string) => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

export const scratch = (name: string, sizeLimit?: string): Volume => ({
  name,
  emptyDir: sizeLimit === undefined ? {} : { sizeLimit: Quantity.fromString(sizeLimit) },
});
