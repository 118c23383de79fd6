import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { compareFolders } from "./compare-folders.ts";

it("names what is missing, left over and different, and nothing when all files are equal", () => {
  const base = mkdtempSync(join(tmpdir(), "tandem-compare-"));
  const files = {
    "wanted/same.ts": "1",
    "actual/same.ts": "1",
    "wanted/a/changed.ts": "1",
    "actual/a/changed.ts": "2",
    "wanted/new.ts": "1",
    "actual/old/gone.ts": "1",
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, file)), { recursive: true });
    writeFileSync(join(base, file), text);
  }
  expect(compareFolders(join(base, "wanted"), join(base, "actual"))).toEqual([
    "a/changed.ts: differs",
    "new.ts: missing",
    "old/gone.ts: left over",
  ]);
  expect(compareFolders(join(base, "wanted"), join(base, "wanted"))).toEqual([]);
  expect(compareFolders(join(base, "nowhere"), join(base, "nowhere"))).toEqual([]);
  rmSync(base, { recursive: true, force: true });
});
