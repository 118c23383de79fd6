import { describe, expect, it } from "vitest";
import { type Kubectl, parseDisturbance } from "../src/disturb/disturbances.ts";

const named = (...names: readonly string[]) => JSON.stringify({ items: names.map((name) => ({ metadata: { name } })) });

/** A cluster of two Deployments, one of two pods. */
const cluster = () => {
  const asked: string[] = [];
  const kubectl: Kubectl = async (...args) => {
    asked.push(args.join(" "));
    if (args[1] === "deployments") return named("order", "order-worker");
    if (args[1] === "pods") return named("order-5d9f-abcde", "order-5d9f-fghij", "order-worker-77c4-klmno");
    return "";
  };
  const happened = () => asked.filter((line) => !line.startsWith("get "));
  return { kubectl, happened };
};
const run = (text: string, kubectl: Kubectl) =>
  parseDisturbance(text).run(kubectl, () => {}, new AbortController().signal);

describe("what happens to a platform under load", () => {
  it("kills every pod without a goodbye, the next when all are back", async () => {
    const { kubectl, happened } = cluster();
    await run("kill-pods", kubectl);
    const kill = (pod: string) => [
      `delete pod ${pod} --grace-period=0 --force --wait=false`,
      "rollout status deployment --selector app.kubernetes.io/part-of=tandem,app.kubernetes.io/component!=migrate --timeout=300s",
    ];
    expect(happened()).toEqual([
      ...kill("order-5d9f-abcde"),
      ...kill("order-5d9f-fghij"),
      ...kill("order-worker-77c4-klmno"),
    ]);
  });

  it("kills only the pods of the Deployments named, and not those whose names begin alike", async () => {
    const { kubectl, happened } = cluster();
    await run("kill-pods:order", kubectl);
    expect(happened().filter((line) => line.startsWith("delete"))).toHaveLength(2);
  });

  it("kills nobody once the load has ended", async () => {
    const { kubectl, happened } = cluster();
    await parseDisturbance("kill-pods").run(kubectl, () => {}, AbortSignal.abort());
    expect(happened()).toEqual([]);
  });

  it("rolls Deployments out together and waits for each", async () => {
    const { kubectl, happened } = cluster();
    await run("roll-out:order,order-worker", kubectl);
    expect(happened()).toEqual([
      "rollout restart deployment/order deployment/order-worker",
      "rollout status deployment/order --timeout=300s",
      "rollout status deployment/order-worker --timeout=300s",
    ]);
  });

  it("names the Deployments that there are, and touches nothing", async () => {
    const { kubectl, happened } = cluster();
    await expect(run("kill-pods:ordr", kubectl)).rejects.toThrow(
      'there is no Deployment "ordr"; there are order, order-worker',
    );
    expect(happened()).toEqual([]);
  });

  it("names the disturbances that there are", () => {
    expect(() => parseDisturbance("earthquake")).toThrow('"earthquake" is no disturbance: kill-pods or roll-out');
  });
});
