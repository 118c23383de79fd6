import { isAppError } from "@tandem/kernel";
import { createTestTokens } from "@tandem/testkit/tokens";
import { expect, test } from "vitest";

const bare = ({ authorization }: { authorization: string }) => authorization.replace("Bearer ", "");
const claims = { subject: "someone", roles: ["customer"] } as const;

test("each kind of caller is who it says it is", async () => {
  const tokens = await createTestTokens();
  const who = async (header: Promise<{ authorization: string }>) =>
    tokens.authenticator.authenticate(bare(await header));
  expect(await who(tokens.customer("c-1"))).toMatchObject({ kind: "user", customerId: "c-1" });
  expect(await who(tokens.seller("s-1"))).toMatchObject({ kind: "user", sellerId: "s-1" });
  expect(await who(tokens.service("payment"))).toMatchObject({ kind: "service", subject: "service:payment" });
  expect((await who(tokens.as("operator"))).roles).toContain("operator");
});

test("expired and forged tokens are refused, and minting goes on as before", async () => {
  const tokens = await createTestTokens();
  const refused = async (token: Promise<string>) =>
    tokens.authenticator.authenticate(await token).then(
      () => false,
      (error: unknown) => isAppError(error) && error.kind === "unauthenticated",
    );
  expect(await refused(tokens.expired(claims))).toBe(true);
  expect(await refused(tokens.forged(claims))).toBe(true);
  expect(await refused(tokens.mint(claims))).toBe(false);
});
