import { deployments, type Finding, ofKind, type Policy, picks, workloads } from "./world.ts";

const NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;
const EVERYWHERE = ["app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"];
/** Of what runs, or belongs to what runs. */
const WHERE_PODS_ARE = ["app.kubernetes.io/name", ...EVERYWHERE];

const names: Policy = {
  name: "names-and-labels",
  check: (world) => {
    const running = new Set(workloads(world).map(({ path }) => path));
    return world.objects.flatMap((at): Finding[] => {
      const { name, labels } = at.manifest.metadata;
      const mandatory = running.has(at.path) ? WHERE_PODS_ARE : EVERYWHERE;
      return [
        ...(NAME.test(name) ? [] : [{ at, problem: `"${name}" is no name of an object` }]),
        ...mandatory.filter((label) => !labels?.[label]).map((label) => ({ at, problem: `it has no label ${label}` })),
      ];
    });
  },
};

const once: Policy = {
  name: "objects-are-there-once",
  check: ({ objects }) => {
    const seen = new Map<string, string>();
    return objects.flatMap((at): Finding[] => {
      const { kind, apiVersion, metadata } = at.manifest;
      const key = `${apiVersion.split("/")[0]}/${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
      const before = seen.get(key);
      seen.set(key, at.path);
      return before === undefined ? [] : [{ at, problem: `it stands in ${before} too` }];
    });
  },
};

const selectors: Policy = {
  name: "deployments-pick-their-own-pods",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const selector = at.manifest["spec"].selector?.matchLabels;
      const labels = at.template.metadata?.labels;
      const others = workloads(world).filter(
        ({ manifest, template }) => manifest !== at.manifest && picks(selector, template.metadata?.labels),
      );
      return [
        ...(picks(selector, labels) ? [] : [{ at, problem: "its selector does not pick its own pods" }]),
        ...others.map(({ manifest }) => ({
          at,
          problem: `its selector picks the pods of ${manifest.metadata.name} too`,
        })),
        ...["app.kubernetes.io/component", "app.kubernetes.io/version", "tandem.dev/context"]
          .filter((label) => !labels?.[label])
          .map((label) => ({ at, problem: `its pods have no label ${label}` })),
      ];
    }),
};

const workersAlone: Policy = {
  name: "worker-has-no-service",
  check: (world) =>
    deployments(world)
      .filter(({ template }) => template.metadata?.labels?.["app.kubernetes.io/component"] === "worker")
      .flatMap((at) =>
        ofKind(world, "Service")
          .filter(({ manifest }) => picks(manifest["spec"].selector, at.template.metadata.labels))
          .map(({ manifest }) => ({ at, problem: `the Service ${manifest.metadata.name} leads to it` })),
      ),
};

const settingsRoll: Policy = {
  name: "settings-roll-the-pods",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => [
      ...(at.template.metadata?.annotations?.["tandem.dev/config-hash"]
        ? []
        : [{ at, problem: "a change of its settings would not reach its pods" }]),
      ...at.containers.flatMap((container) =>
        (container.envFrom ?? [])
          .map((source: { configMapRef?: { name: string } }) => source.configMapRef?.name)
          .filter(
            (name?: string) =>
              name !== undefined && !ofKind(world, "ConfigMap").some(({ manifest }) => manifest.metadata.name === name),
          )
          .map((name: string) => ({ at, problem: `there is no ConfigMap ${name}` })),
      ),
    ]),
};

export const namingPolicies: readonly Policy[] = [names, once, selectors, workersAlone, settingsRoll];
