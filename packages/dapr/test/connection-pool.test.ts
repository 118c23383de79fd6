import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const components = join(import.meta.dirname, "../../../components");
const settingsOf = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const { spec } = parse(await readFile(join(components, folder, "pubsub.yaml"), "utf8"));
  return Object.fromEntries(spec.metadata.map(({ name, value }: { name: string; value: string }) => [name, value]));
};

describe("the connections of daprd to Redis", () => {
  it.each(["local", "compose", "kind", "staging"])(
    "suffice in %s for the worker of most topics to be found unhealthy two dozen times: each time leaves one per topic behind",
    async (folder) => {
      const { poolSize, subscriptionScopes = "" } = await settingsOf(folder);
      const most = Math.max(...subscriptionScopes.split(";").map((app) => app.split(",").length));
      expect(most).toBeGreaterThan(30);
      expect(Number(poolSize)).toBeGreaterThanOrEqual(24 * most);
    },
  );
});
