import { AuthService, UserService } from "@tandem/contracts/auth";
import { fuzzService, fuzzTimeoutMs } from "@tandem/testkit/fuzz";
import { expect, it } from "vitest";
import { startHarness } from "./harness.ts";
import { peopleOf } from "./people.ts";

// A failed attempt is counted, and a token used twice ends its session.
const counted = new Set(["Login", "ChangePassword", "Refresh"]);

it("answers whatever the schemas can make without a 5xx, and a refusal changes nothing", {
  timeout: fuzzTimeoutMs,
}, async () => {
  await using auth = await startHarness();
  const { userId, tokens } = await peopleOf(auth).newcomer();
  const found = await fuzzService(auth, [AuthService, UserService], {
    ids: [userId, tokens.sessionId],
    refusalMayWrite: ({ name }) => counted.has(name),
  });
  expect(found).toEqual([]);
});
