import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePlatform } from "./describe-platform.ts";
import { exitWith, type Programs, programs } from "./programs.ts";

const help = `npm run tilt:verify

Has the installed Tilt evaluate the Tiltfile with several settings. Needs no cluster: it makes a kubeconfig that leads nowhere.
The tests evaluate it as well, without Tilt.
`;

const settings: readonly (readonly string[])[] = [
  [],
  ["--only", "order,payment"],
  ["--no-live-update", "--engine", "podman", "--image-loader", "true"],
  ["--as-is", "--skip-dapr", "--port-offset", "600"],
  ["--search", "opensearch", "--telemetry"],
];

const kubeconfig = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "kind-tandem",
  clusters: [{ name: "kind-tandem", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: {} }],
  contexts: [{ name: "kind-tandem", context: { cluster: "kind-tandem", user: "nobody" } }],
};

/** What of the answer is looked at. */
interface TiltfileResult {
  readonly Manifests: readonly { readonly Name: string; readonly ResourceDependencies?: readonly string[] | null }[];
}

/** @throws Error with Tilt's own words, or naming what is missing from what it would bring up */
export const verifyTiltfile = async (
  { read }: Pick<Programs, "read">,
  config: string,
  given: readonly string[],
): Promise<number> => {
  const output = await read("env", [`KUBECONFIG=${config}`, "tilt", "alpha", "tiltfile-result", "--", ...given]);
  const { Manifests: manifests } = JSON.parse(output) as TiltfileResult;
  const names = new Set(manifests.map(({ Name }) => Name));
  const only = given[given.indexOf("--only") + 1];
  const { contexts } = describePlatform(given.includes("--only") ? (only?.split(",") ?? []) : []);
  const missing = contexts.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (missing.length > 0) throw new Error(`tilt up -- ${given.join(" ")} would not bring up ${missing.join(", ")}`);
  if (names.has("uncategorized")) throw new Error("some objects belong to no resource: they are under uncategorized");
  for (const { Name, ResourceDependencies: dependencies } of manifests) {
    const absent = (dependencies ?? []).filter((name) => !names.has(name));
    if (absent.length > 0) throw new Error(`${Name} waits for ${absent.join(", ")}, which there is not`);
  }
  return manifests.length;
};

if (import.meta.main)
  await exitWith(async () => {
    if (process.argv.includes("--help") || process.argv.includes("-h")) return void process.stdout.write(help);
    await programs.read("tilt", ["version"]);
    const dir = await mkdtemp(join(tmpdir(), "tandem-tilt-"));
    try {
      const config = join(dir, "kubeconfig");
      await writeFile(config, JSON.stringify(kubeconfig));
      for (const given of settings) {
        const count = await verifyTiltfile(programs, config, given);
        process.stdout.write(`ok  tilt up${given.length > 0 ? ` -- ${given.join(" ")}` : ""}: ${count} resources\n`);
      }
    } finally {
      await rm(dir, { recursive: true });
    }
  });
