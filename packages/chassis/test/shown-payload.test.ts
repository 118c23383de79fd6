import { describe, expect, it } from "vitest";
import { shownPayload } from "../src/operations/dead-letter-handlers.ts";

describe("the payload of a dead letter", () => {
  it("is shown without the card's token, wherever it stands", () => {
    const shown = shownPayload(JSON.stringify({ orderId: "o-1", paymentMethod: { card: { token: "tok_visa" } } }));
    expect(shown).not.toContain("tok_visa");
    expect(shown).toContain("o-1");
  });

  it("is shown as it came when it is no JSON", () => {
    expect(shownPayload("garbage")).toBe("garbage");
  });
});
