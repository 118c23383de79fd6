import { globSync } from "node:fs";
import { join } from "node:path";
import { lintMigrations } from "@tandem/postgres";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const dirs = globSync("{packages,services}/*/migrations", { cwd: root });

describe("every set of migrations in the repository can be applied under the release before it", () => {
  test("there are sets to check", () => {
    expect(dirs).toContain("packages/postgres/migrations");
  });

  test.each(dirs)("%s", async (dir) => {
    expect(await lintMigrations(join(root, dir))).toEqual([]);
  });
});
