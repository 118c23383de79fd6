import { readFile } from "node:fs/promises";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { findTool } from "@tandem/toolchain";

const versionOf = async (name: string): Promise<string> => {
  const file = join(import.meta.dirname, "../../node_modules", name, "package.json");
  const text = await readFile(file, "utf8").catch(() => '{"version":"?"}');
  return String((JSON.parse(text) as { version: string }).version);
};

/** What the figures were measured on; the load before says whether the machine was quiet. */
export const describeMachine = async (postgresVersion: string): Promise<Readonly<Record<string, string>>> => {
  const versions = await Promise.all(
    ["pg", "graphile-worker", "pg-boss", "@dbos-inc/dbos-sdk"].map(async (name) => `${name} ${await versionOf(name)}`),
  );
  const tool = (name: "daprd" | "broker") => {
    const found = findTool(name);
    return found.found ? `${name} ${found.version}` : `no ${name}: ${found.reason}`;
  };
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    "load before": loadavg()
      .map((load) => load.toFixed(1))
      .join(" "),
    versions: [
      `node ${process.version}`,
      `Postgres ${postgresVersion}`,
      tool("daprd"),
      tool("broker"),
      ...versions,
    ].join(", "),
  };
};
