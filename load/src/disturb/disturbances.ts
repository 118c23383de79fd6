/** kubectl in the cluster and namespace meant, as a function of its arguments. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** Something that happens to a platform in a cluster while customers use it. */
export interface Disturbance {
  /** Ends when all of it happened and everything is there again. */
  run(kubectl: Kubectl, say: (line: string) => void, signal: AbortSignal): Promise<void>;
}

/** Pods of migrations have ended, and are nobody's to kill. */
const OURS = "app.kubernetes.io/part-of=tandem,app.kubernetes.io/component!=migrate";
const ROLLED_OUT_WITHIN = "--timeout=300s";

interface Named {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

const list = async (kubectl: Kubectl, kind: string): Promise<readonly Named[]> => {
  const { items } = JSON.parse(await kubectl("get", kind, "--selector", OURS, "--output", "json")) as {
    items: readonly Named[];
  };
  return items;
};

/** One process for all of them: one each took half a minute of a machine that was busy with what it was to watch. */
const untilAllRolledOut = async (kubectl: Kubectl): Promise<void> => {
  await kubectl("rollout", "status", "deployment", "--selector", OURS, ROLLED_OUT_WITHIN);
};

/**
 * Each Deployment's pods, one after another, at once and without a goodbye (`--grace-period=0 --force`); the next when all are back.
 * @param only names of Deployments; none: all of the platform's
 */
export const killPods = (only: readonly string[]): Disturbance => ({
  run: async (kubectl, say, signal) => {
    const deployments = await choose(kubectl, only);
    for (const name of deployments) {
      const pods = (await list(kubectl, "pods")).filter((pod) => ownedBy(pod, name));
      for (const { metadata } of pods) {
        if (signal.aborted) return;
        const began = performance.now();
        await kubectl("delete", "pod", metadata.name, "--grace-period=0", "--force", "--wait=false");
        await untilAllRolledOut(kubectl);
        say(`  killed ${metadata.name}; all there again after ${((performance.now() - began) / 1000).toFixed(1)} s`);
      }
    }
  },
});

/** Replaces the pods of Deployments as a new version would, all of the given at the same time. */
export const rollOut = (only: readonly string[]): Disturbance => ({
  run: async (kubectl, say) => {
    const deployments = await choose(kubectl, only);
    const began = performance.now();
    await kubectl("rollout", "restart", ...deployments.map((name) => `deployment/${name}`));
    for (const name of deployments) {
      await kubectl("rollout", "status", `deployment/${name}`, ROLLED_OUT_WITHIN);
      say(`  ${name} rolled out after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }
  },
});

/** A pod is named after its ReplicaSet, that after its Deployment. */
const ownedBy = ({ metadata }: Named, deployment: string): boolean =>
  new RegExp(`^${deployment}-[a-z0-9]+-[a-z0-9]{5}$`).test(metadata.name);

const choose = async (kubectl: Kubectl, only: readonly string[]): Promise<readonly string[]> => {
  const there = (await list(kubectl, "deployments")).map(({ metadata }) => metadata.name);
  for (const name of only)
    if (!there.includes(name)) throw new Error(`there is no Deployment "${name}"; there are ${there.join(", ")}`);
  return only.length === 0 ? there : only;
};

/** `kill-pods`, `kill-pods:order,gateway`, `roll-out:order,order-worker`. @throws TypeError that names what there is */
export const parseDisturbance = (text: string): Disturbance => {
  const [kind = "", names = ""] = text.split(":");
  const only = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (kind === "kill-pods") return killPods(only);
  if (kind === "roll-out") return rollOut(only);
  throw new TypeError(`"${kind}" is no disturbance: kill-pods or roll-out, each with :deployment,deployment`);
};
