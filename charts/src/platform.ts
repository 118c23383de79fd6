import { gatewayEntry, type ServiceEntry, serviceCatalogue } from "@tandem/contracts";
import { readTopology } from "../../tools/render-components.ts";
import type { EnvironmentName } from "./environments/environment.ts";
import { type ImageVersions, readImages } from "./images.ts";

/** What the charts need to know of a context: its line in the service catalogue. */
export interface ChartContext
  extends Pick<ServiceEntry, "number" | "apiAppId" | "workerAppId" | "database" | "databaseUser"> {
  readonly context: string;
  /** The contexts that it calls. */
  readonly dependsOn: readonly string[];
}

/** What is deployed: read from the code once, the same for every environment. */
export interface Platform {
  readonly contexts: readonly ChartContext[];
  readonly gateway: { readonly context: string; readonly number: number; readonly apiAppId: string };
  /** Who publishes and consumes which topics, and when jobs run. */
  readonly topology: Awaited<ReturnType<typeof readTopology>>;
  /** Which version of each image an environment runs. */
  readonly images: Readonly<Record<EnvironmentName, ImageVersions>>;
}

export const readPlatform = async (): Promise<Platform> => ({
  contexts: serviceCatalogue,
  gateway: gatewayEntry,
  topology: await readTopology(),
  images: {
    local: await readImages("local"),
    staging: await readImages("staging"),
    production: await readImages("production"),
  },
});
