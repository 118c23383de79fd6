import { describe, expect, it } from "vitest";
import { environments } from "../src/environments/index.ts";
import { checkPolicies, policies, readWorld } from "../src/policies/index.ts";
import { allEnvironments, platform } from "./fixtures.ts";
import { planted } from "./policies/plant.ts";
import { platformPlants } from "./policies/platform-plants.ts";
import { podPlants } from "./policies/pod-plants.ts";

const worlds = {
  local: await readWorld(platform, environments.local),
  production: await readWorld(platform, environments.production),
};
const plants = [...podPlants, ...platformPlants];

describe("every manifest", () => {
  it.each(allEnvironments)("of $name keeps to every rule", async (environment) => {
    const world = await readWorld(platform, environment);
    expect(checkPolicies(world)).toEqual([]);
    expect(world.objects.length).toBeGreaterThan(13 * platform.contexts.length);
  });
});

describe("the rules", () => {
  it.each(plants)("find $what", ({ rule, says, in: where = "local", change }) => {
    const found = checkPolicies(planted(worlds[where], change));
    expect(found.filter((line) => line.startsWith(`${rule}: `) && line.includes(says))).not.toEqual([]);
  });

  it("are all proven by a planted mistake", () => {
    expect(policies.map(({ name }) => name).sort()).toEqual([...new Set(plants.map(({ rule }) => rule))].sort());
  });
});
