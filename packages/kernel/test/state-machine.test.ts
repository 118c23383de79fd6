import { describe, expect, it } from "vitest";
import { defineStateMachine, isAppError } from "../src/index.ts";

const machine = defineStateMachine({ PENDING: ["CONFIRMED", "CANCELLED"], CONFIRMED: ["CANCELLED"], CANCELLED: [] });

describe("state machine", () => {
  it("allows exactly what the table says", () => {
    const allowed = machine.states.flatMap((from) =>
      machine.states.filter((to) => machine.can(from, to)).map((to) => `${from}>${to}`),
    );
    expect(allowed).toEqual(["PENDING>CONFIRMED", "PENDING>CANCELLED", "CONFIRMED>CANCELLED"]);
  });

  it("calls a state terminal when nothing leads out of it", () => {
    expect(machine.states.filter((state) => machine.terminal(state))).toEqual(["CANCELLED"]);
  });

  it("refuses other transitions with an error that names what would be allowed", () => {
    expect(() => machine.assert("PENDING", "CONFIRMED")).not.toThrow();
    let refusal: unknown;
    try {
      machine.assert("CONFIRMED", "PENDING");
    } catch (error) {
      refusal = error;
    }
    expect(isAppError(refusal, "state.transition_invalid")).toBe(true);
    expect(refusal).toMatchObject({
      kind: "failed_precondition",
      details: [{ field: "status", message: "from CONFIRMED: CANCELLED" }],
    });
  });

  it("refuses a state that only untyped data can name", () => {
    expect(() => machine.assert("LOST" as "PENDING", "PENDING")).toThrow();
    expect(machine.can("LOST" as "PENDING", "PENDING")).toBe(false);
  });
});
