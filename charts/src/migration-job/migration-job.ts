import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import type { Manifest } from "../scope.ts";
import { synthesize } from "../synth.ts";
import { SynthError } from "../synth-error.ts";

export interface MigrationJobOptions {
  readonly context: string;
  /** What the migration binary is told: `["down", "--to", "order/0012"]`. */
  readonly command: readonly string[];
  /** Of another version of the context, as `charts/images` has it. Default: the one that runs. */
  readonly version?: string;
}

const commands = ["up", "down", "status"];

/** Looks for the Job among everything else, so that it is the one that Argo CD runs: account, secrets, labels for the network. */
const findJob = (platform: Platform, environment: Environment, context: string): Manifest => {
  const path = `${environment.name}/30-contexts/${context}/migrate.yaml`;
  const job = synthesize(platform, environment)
    .manifests.get(path)
    ?.find(({ kind }) => kind === "Job");
  if (job === undefined) {
    const known = platform.contexts.map((entry) => entry.context).join(", ");
    throw new SynthError(`there are no migrations of "${context}"; there are those of ${known}`);
  }
  return job;
};

/**
 * The migration Job of a context with another command, for a person to apply: no hook, so Argo CD does not know it.
 * @throws SynthError for a context without migrations and a command that the binary does not have
 */
export const migrationJob = (
  platform: Platform,
  environment: Environment,
  { context, command, version }: MigrationJobOptions,
): Manifest => {
  const [verb = ""] = command;
  if (!commands.includes(verb)) throw new SynthError(`migrations do ${commands.join(", ")}, not "${verb}"`);
  const images = platform.images[environment.name];
  const chosen =
    version === undefined
      ? platform
      : { ...platform, images: { ...platform.images, [environment.name]: { ...images, [context]: version } } };
  const job = structuredClone(findJob(chosen, environment, context));
  const [container] = job["spec"].template.spec.containers;
  container.command = ["/app/bin/migrate", ...command];
  // One try: whoever undoes something looks at what came of it.
  job["spec"].backoffLimit = 0;
  const { annotations: _, ...metadata } = job.metadata;
  return { ...job, metadata: { ...metadata, name: `${context}-migrate-${verb}` } };
};
