import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { WorkerStarter } from "@tandem/chassis";
import { gatewayEntry, type ServiceEntry, serviceCatalogue, topicOf, topicsPublishedBy } from "@tandem/contracts";
import {
  composeEnvironment,
  kubernetesEnvironments,
  localEnvironment,
  type RenderedFiles,
  renderComponents,
  renderConfiguration,
  renderKubernetes,
  type Topology,
} from "@tandem/dapr";
import { cronBindingName, cronBindingSchedule } from "@tandem/jobs";
import { readCalls } from "./read-calls.ts";
import { type ContextFacts, renderContexts } from "./render-contexts.ts";

/** Nothing is opened: these only have to be well-formed. */
const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  APP_PORT: "1",
  OPS_PORT: "1",
  LOG_LEVEL: "silent",
};

interface Described {
  readonly service: ServiceEntry;
  readonly consumes: readonly string[];
  readonly crons: Topology["crons"];
  readonly facts: ContextFacts;
}

const describeWorker = async (service: ServiceEntry): Promise<Described> => {
  const { startWorker } = (await import(`@tandem/${service.context}-service/worker`)) as { startWorker: WorkerStarter };
  const { consumers = [], jobs = [] } = await startWorker.describe(ENV);
  return {
    service,
    consumes: [...new Set(consumers.map(({ event }) => topicOf(event).name))].sort(),
    facts: {
      service,
      consumes: [...new Set(consumers.map(({ event }) => topicOf(event).name))].sort(),
      crons: jobs.map(({ name, schedule }) => ({ name, schedule })),
    },
    crons: jobs.map((job) => ({
      binding: cronBindingName(job),
      schedule: cronBindingSchedule(job),
      appId: service.workerAppId,
    })),
  };
};

/** Who publishes stands in the contracts; what is consumed and when jobs run, the workers themselves say. */
export const readTopology = async (): Promise<Topology> => {
  const described = await Promise.all(serviceCatalogue.map(describeWorker));
  return {
    apps: described.flatMap(({ service, consumes }) => {
      const publishes = topicsPublishedBy(service).map(({ name }) => name);
      const deadLetterTopic = `${service.workerAppId}.dead-letters`;
      return [
        { appId: service.apiAppId, publishes, consumes: [] },
        { appId: service.workerAppId, publishes, consumes, deadLetterTopic },
      ];
    }),
    crons: described.flatMap(({ crons }) => crons),
    outbox: { appId: "order", topic: "cart.updated" },
    gateway: { appId: gatewayEntry.apiAppId },
    calls: readCalls(),
  };
};

const contextsFile = resolve(import.meta.dirname, "../docs/contexts.md");

/** What `docs/contexts.md` should say, and what it says. */
export const renderContextsPage = async (): Promise<string> =>
  renderContexts((await Promise.all(serviceCatalogue.map(describeWorker))).map(({ facts }) => facts));
export const readContextsPage = (): Promise<string> => readFile(contextsFile, "utf8");

const componentsDir = resolve(import.meta.dirname, "../components");

/** Every app that gets a sidecar, as the catalogue has them. */
const appIds = [
  ...serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]),
  gatewayEntry.apiAppId,
];

const below = (folder: string, files: RenderedFiles): RenderedFiles =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

/** What `components/` should hold, by path: a folder of resources for each environment, and the laptop's configuration. */
export const renderAll = async (): Promise<RenderedFiles> => {
  const topology = await readTopology();
  const clusters = Object.entries(kubernetesEnvironments).map(([folder, environment]) =>
    below(folder, renderKubernetes(topology, environment, appIds)),
  );
  return Object.assign(
    {
      "configuration/local.yaml": renderConfiguration(localEnvironment),
      "configuration/compose.yaml": renderConfiguration(composeEnvironment),
    },
    below("local", renderComponents(topology, localEnvironment)),
    below("compose", renderComponents(topology, composeEnvironment)),
    ...clusters,
  );
};

export const readAll = async (): Promise<RenderedFiles> => {
  const entries = await readdir(componentsDir, { recursive: true });
  const names = entries.filter((name) => name.endsWith(".yaml")).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(componentsDir, name), "utf8")] as const)),
  );
};

const help = `npm run components [-- --check]

Writes components/ from what the contracts and the workers say: pub/sub with its scopes, resiliency, cron bindings, stores.
And docs/contexts.md: who has which APIs, jobs and topics.
Commit what it writes; a test compares.

  --check  writes nothing; names what differs, exit code 1 when anything does
`;

const differences = async (): Promise<readonly string[]> => {
  const [wanted, present] = [await renderAll(), await readAll()];
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].sort();
  return [
    ...names.filter((name) => wanted[name] !== present[name]).map((name) => `components/${name}`),
    ...((await renderContextsPage()) === (await readContextsPage()) ? [] : ["docs/contexts.md"]),
  ];
};

const writeAll = async (): Promise<void> => {
  const files = await renderAll();
  const stale = Object.keys(await readAll()).filter((name) => !(name in files));
  await Promise.all(stale.map((name) => rm(join(componentsDir, name))));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(componentsDir, name)), { recursive: true });
    await writeFile(join(componentsDir, name), text);
  }
  await writeFile(contextsFile, await renderContextsPage());
};

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else if (process.argv.includes("--check")) {
    const found = await differences();
    for (const file of found) process.stdout.write(`${file} is not what the catalogues say: npm run components\n`);
    if (found.length > 0) process.exitCode = 1;
  } else await writeAll();
}
