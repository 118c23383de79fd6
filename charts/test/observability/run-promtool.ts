import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool } from "@tandem/toolchain";
import { stringify } from "yaml";

export const promtool = findTool("promtool");

/** With CI=true nothing may be skipped. */
export const withoutPromtool = !promtool.found && process.env["CI"] !== "true";

/** Writes the files side by side and runs promtool there. @returns what it says, and whether it is content */
export const runPromtool = async (
  args: readonly string[],
  files: Readonly<Record<string, object>>,
): Promise<{ readonly ok: boolean; readonly output: string }> => {
  if (!promtool.found) throw new Error(promtool.reason);
  const dir = await mkdtemp(join(tmpdir(), "tandem-promtool-"));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(dir, name), stringify(content, { lineWidth: 0 }));
    return await new Promise((resolve) => {
      execFile(promtool.path, [...args], { cwd: dir }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: `${stdout}${stderr}` }),
      );
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
