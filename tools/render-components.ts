import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { WorkerStarter } from "@tandem/chassis";
import { type ServiceEntry, serviceCatalogue, topicOf, topicsPublishedBy } from "@tandem/contracts";
import { localEnvironment, type RenderedFiles, renderComponents, type Topology } from "@tandem/dapr";
import { cronBindingName, cronBindingSchedule } from "@tandem/jobs";

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
}

const describeWorker = async (service: ServiceEntry): Promise<Described> => {
  const { startWorker } = (await import(`@tandem/${service.context}/worker`)) as { startWorker: WorkerStarter };
  const { consumers = [], jobs = [] } = await startWorker.describe(ENV);
  return {
    service,
    consumes: [...new Set(consumers.map(({ event }) => topicOf(event).name))].sort(),
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
  };
};

/** What `components/local` should hold. */
export const renderLocal = async (): Promise<RenderedFiles> => renderComponents(await readTopology(), localEnvironment);

export const localDir = resolve(import.meta.dirname, "../components/local");

export const readLocal = async (): Promise<RenderedFiles> => {
  const names = (await readdir(localDir)).filter((name) => name.endsWith(".yaml"));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(localDir, name), "utf8")] as const)),
  );
};

if (import.meta.main) {
  const files = await renderLocal();
  await mkdir(localDir, { recursive: true });
  const stale = (await readdir(localDir)).filter((name) => name.endsWith(".yaml") && !(name in files));
  await Promise.all(stale.map((name) => rm(join(localDir, name))));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(localDir, name), text)));
}
