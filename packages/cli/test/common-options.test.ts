import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { durationOption, time, wholeNumber } from "../src/commands/common-options.ts";

describe("an option", () => {
  it("that is a duration shows its default as people write it, and is read as milliseconds", () => {
    const command = new Command().addOption(durationOption("--for <duration>", "how long", "60s"));
    expect(command.helpInformation()).toContain("how long (default: 60s)");
    expect(command.opts()).toEqual({ for: 60_000 });
    expect(command.parse(["--for", "10m"], { from: "user" }).opts()).toEqual({ for: 600_000 });
  });

  it.each(["yesterday", "", "1", "2026-13-01", "2026-11-21T25:00:00Z"])("that is a time is refused: %j", (text) => {
    expect(() => time(text)).toThrow("a time in ISO 8601: 2026-11-20T00:00:00Z.");
  });

  it("that is a time is read", () => {
    expect(time("2026-11-20T00:00:00Z").getTime()).toBe(Date.UTC(2026, 10, 20));
  });

  it.each(["0", "11", "2.5", "many", "-1"])("that is a whole number within bounds is refused with them: %s", (text) => {
    expect(() => wholeNumber(1, 10)(text)).toThrow("1 to 10.");
  });
});
