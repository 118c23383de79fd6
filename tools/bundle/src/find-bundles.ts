import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";

/** One image: what it is called, and the source of each of its binaries. */
export interface BundlePlan {
  readonly name: string;
  /** Of the workspace, relative to the repository. */
  readonly folder: string;
  /** Source files by the name of the binary, relative to the repository. */
  readonly binaries: Readonly<Record<string, string>>;
}

const planOf = (name: string, folder: string, binaries: readonly string[]): BundlePlan => ({
  name,
  folder,
  binaries: Object.fromEntries(binaries.map((binary) => [binary, `${folder}/src/${binary}.ts`])),
});

/** Every image of the platform: the contexts of the catalogue, the gateway, and the inbox that stands in for a mail server. */
export const bundlePlans: readonly BundlePlan[] = [
  ...serviceCatalogue.map(({ context }) => planOf(context, `services/${context}`, ["api", "worker", "migrate"])),
  planOf(gatewayEntry.context, `services/${gatewayEntry.context}`, ["api"]),
  planOf("local-inbox", "packages/local-inbox", ["server"]),
];

/** @param name one of them, or `all` @throws Error naming the ones there are */
export const findBundles = (name: string): readonly BundlePlan[] => {
  const found = name === "all" ? bundlePlans : bundlePlans.filter((plan) => plan.name === name);
  if (found.length > 0) return found;
  throw new Error(
    `there is no service "${name}"; there are ${bundlePlans.map((plan) => plan.name).join(", ")}, and all of them: all`,
  );
};
