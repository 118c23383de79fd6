import { afterAll, beforeAll, describe } from "vitest";
import { describeDelivering } from "./delivering.ts";
import type { Implementation } from "./implementation.ts";
import { describeState } from "./keeping-state.ts";
import { describePublishing } from "./publishing.ts";
import { describeSurroundings } from "./surroundings.ts";
import { buildWorld, type World } from "./world.ts";

/** What the platform relies on, whoever stands behind the sidecar's port. */
export const describeContract = (implementation: Implementation): void => {
  describe(`the sidecar contract, held by ${implementation.name}`, () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await buildWorld(implementation);
    });
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]();
    });
    const current = (): World => {
      if (world === undefined) throw new Error("the world is not built");
      return world;
    };
    describePublishing(current);
    describeState(current);
    describeSurroundings(current);
    describeDelivering(current); // last: it kills sidecars
  });
};
