import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireTool } from "./find-tool.ts";
import { freePorts } from "./free-ports.ts";
import { type Program, startProgram } from "./program.ts";

export interface SentryOptions {
  /** Where it keeps its keys, made when missing. */
  readonly dir: string;
  /** Of every certificate that it signs. */
  readonly trustDomain: string;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Dapr's authority: it signs for whoever asks, which is all that a test needs. */
export interface Sentry extends Program {
  /** What a daprd needs to have certificates of it: flags and environment. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @throws ToolMissingError when `npm run tools` has not made it, ProgramFailedError when it does not start */
export const startSentry = async ({ dir, trustDomain, log, signal }: SentryOptions): Promise<Sentry> => {
  const command = requireTool("sentry").path;
  const [port = 0, health = 0] = await freePorts(2);
  mkdirSync(dir, { recursive: true });
  // It does not start without one.
  const configFile = join(dir, "configuration.yaml");
  writeFileSync(
    configFile,
    "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: { name: daprsystem }\nspec: { mtls: { enabled: true } }\n",
  );
  const program = await startProgram({
    name: `sentry on port ${port}`,
    command,
    args: [
      ...["--mode", "standalone", "--trust-domain", trustDomain, "--issuer-credentials", dir],
      ...["--port", `${port}`, "--listen-address", "127.0.0.1", "--enable-metrics=false"],
      ...["--healthz-port", `${health}`, "--healthz-listen-address", "127.0.0.1"],
      ...["--config", configFile],
    ],
    cwd: dir,
    ready: async (stop) => (await fetch(`http://127.0.0.1:${health}/healthz`, { signal: stop })).ok,
    ports: [port, health],
    ...(log && { log }),
    ...(signal && { signal }),
  });
  return {
    ...program,
    args: ["--enable-mtls", "--sentry-address", `127.0.0.1:${port}`, "--control-plane-trust-domain", trustDomain],
    env: { DAPR_TRUST_ANCHORS: readFileSync(join(dir, "ca.crt"), "utf8") },
  };
};
