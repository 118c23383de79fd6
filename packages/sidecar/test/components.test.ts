import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Component, loadComponents, visibleTo } from "../src/load-components.ts";
import { parseGoDuration, toResiliency } from "../src/resiliency.ts";
import { toTopicScopes } from "../src/topic-scopes.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tandem-components-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const component = (name: string, type: string, rest = ""): string =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: ${name} }\nspec:\n  type: ${type}\n  version: v1\n${rest}`;

describe("loadComponents", () => {
  it("reads components of all files, with literal settings and scopes, and leaves references alone", async () => {
    const metadata = "  metadata:\n    - { name: redisHost, envRef: HOST }\n    - { name: n, value: 5 }\nscopes: [a]\n";
    await writeFile(join(dir, "a.yaml"), component("pubsub", "pubsub.redis", metadata));
    await writeFile(join(dir, "b.yml"), `${component("x", "state.postgresql")}---\n${component("y", "bindings.cron")}`);
    await writeFile(join(dir, "readme.txt"), "not yaml: [");
    const { components } = await loadComponents(dir);
    expect(components.map(({ name }) => name)).toEqual(["pubsub", "x", "y"]);
    expect(components[0]).toMatchObject({ metadata: { n: "5" }, scopes: ["a"] });
    expect(visibleTo(components, "a").map(({ name }) => name)).toEqual(["pubsub", "x", "y"]);
    expect(visibleTo(components, "b").map(({ name }) => name)).toEqual(["x", "y"]);
  });

  it.each([
    ["broken YAML", "a: [", /./],
    ["a component without a type", "kind: Component\nmetadata: { name: x }", /without name or type/],
    ["a kind of component that it has not", component("x", "crypto.azure"), /no crypto\.azure/],
    ["two of one name", `${component("x", "pubsub.redis")}---\n${component("x", "pubsub.kafka")}`, /appears twice/],
  ])("refuses %s", async (_what, text, message) => {
    await writeFile(join(dir, "a.yaml"), text);
    await expect(loadComponents(dir)).rejects.toMatchObject({
      code: "sidecar.component_invalid",
      message: expect.stringMatching(message),
    });
  });
});

describe("the retry policy", () => {
  const inbound = (retry: object) =>
    toResiliency([
      {
        spec: {
          policies: { retries: { r: retry }, timeouts: { t: "1m30s" } },
          targets: { components: { pubsub: { inbound: { retry: "r", timeout: "t" } } } },
        },
      },
    ]).inbound("pubsub");

  it("is constant, or grows from half a second by half with up to half of jitter, as Dapr's", () => {
    const constant = inbound({ policy: "constant", duration: "200ms", maxRetries: 3 });
    expect([constant.retry.delayMs(1), constant.retry.delayMs(9)]).toEqual([200, 200]);
    expect(constant).toMatchObject({ timeoutMs: 90_000, retry: { maxRetries: 3 } });
    const growing = inbound({ policy: "exponential", maxInterval: "2s" });
    expect(growing.retry.maxRetries).toBe(Number.POSITIVE_INFINITY);
    for (const [n, base] of [
      [1, 500],
      [2, 750],
      [3, 1_125],
      [9, 2_000],
    ] as const) {
      expect(growing.retry.delayMs(n)).toBeGreaterThanOrEqual(base / 2);
      expect(growing.retry.delayMs(n)).toBeLessThanOrEqual(base * 1.5);
    }
  });

  it("is no retry without a policy", () => {
    expect(toResiliency([]).inbound("pubsub")).toMatchObject({ retry: { maxRetries: 0 }, timeoutMs: undefined });
  });

  it("reads Go's durations", () => {
    expect(["500", "20ms", "1.5s", "2m", "1h1m1s"].map(parseGoDuration)).toEqual([500, 20, 1_500, 120_000, 3_661_000]);
    for (const text of ["", "5x", "s", "1s junk"]) expect(() => parseGoDuration(text)).toThrow(TypeError);
  });
});

describe("topic scopes", () => {
  const scopes = (metadata: Record<string, string>, appId: string) => {
    const pubsub: Component = { name: "pubsub", type: "pubsub.redis", version: "v1", scopes: [], metadata };
    const { mayPublish, maySubscribe } = toTopicScopes(pubsub, appId);
    return (topic: string) => [mayPublish(topic), maySubscribe(topic)];
  };

  // As daprd's pkg/scopes and IsOperationAllowed.
  it.each([
    ["nothing configured: everything", {}, "a", "t", [true, true]],
    ["named with the topic", { publishingScopes: "a=t, u;b=v" }, "a", "u", [true, true]],
    ["named without the topic", { publishingScopes: "a=t;b=v" }, "a", "v", [false, true]],
    ["named with nothing", { publishingScopes: "a=;b=v", subscriptionScopes: "a=" }, "a", "t", [false, false]],
    ["not named: not restricted", { publishingScopes: "b=v" }, "a", "v", [true, true]],
    ["not named, topic protected", { publishingScopes: "b=v", protectedTopics: "v" }, "a", "v", [false, false]],
    ["named, topic protected", { subscriptionScopes: "a=v", protectedTopics: "v" }, "a", "v", [false, true]],
    ["topic not among the allowed", { allowedTopics: "t" }, "a", "u", [false, false]],
    ["an app whose name begins like another", { publishingScopes: "ab=t;a=u" }, "a", "t", [false, true]],
  ] as const)("%s", (_what, metadata, appId, topic, expected) => {
    expect(scopes(metadata, appId)(topic)).toEqual(expected);
  });
});
