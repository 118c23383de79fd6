import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { BundlePlan } from "./find-bundles.ts";

export interface Contents {
  readonly root: string;
  readonly out: string;
  /** Every file that went in, code and assets. */
  readonly files: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
  readonly description?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Part extends Manifest {
  /** Relative to the repository; a path in the lock file. */
  readonly folder: string;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly resolved?: string }>>;
}

/**
 * Writes `sbom.cdx.json` (CycloneDX 1.6: what is really inside, by the lock file's hashes) and `THIRD-PARTY-LICENSES.txt`.
 * The same input gives the same bytes.
 * @returns how many packages from npm are inside
 * @throws Error when a package that we import is inside twice: `instanceof` and registries would fall apart
 */
export const describeContents = async (plan: BundlePlan, { root, out, files }: Contents): Promise<number> => {
  const parts = findParts(root, files);
  refuseTwins(plan, parts, files);
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  await writeFile(join(out, "sbom.cdx.json"), `${JSON.stringify(toCycloneDx(plan, parts, lock), null, 2)}\n`);
  const foreign = parts.filter(({ folder }) => isForeign(folder));
  await writeFile(join(out, "THIRD-PARTY-LICENSES.txt"), foreign.map((part) => licenseText(root, part)).join("\n"));
  return foreign.length;
};

const isForeign = (folder: string): boolean => folder.includes("node_modules/");

/** The packages that the files belong to, by name. */
const findParts = (root: string, files: readonly string[]): readonly Part[] => {
  const folders = new Set<string>();
  for (const file of files) {
    if (!file.startsWith(`${root}/`)) continue; // the bundler's own runtime
    folders.add(folderOf(root, file));
  }
  return [...folders]
    .map((folder) => ({
      ...(JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest),
      folder,
    }))
    .sort((one, other) => (one.folder < other.folder ? -1 : 1));
};

/** The nearest folder above with a package.json that has a name and a version (some only say "type": "module"). */
const folderOf = (root: string, file: string): string => {
  for (let dir = dirname(file); dir.startsWith(`${root}/`); dir = dirname(dir)) {
    const manifest = join(dir, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8")) as Partial<Manifest>;
    if (name !== undefined && version !== undefined) return relative(root, dir);
  }
  throw new Error(`${file} belongs to no package`);
};

/** What only foreign packages import may be there in two versions: they do not meet. */
const refuseTwins = (plan: BundlePlan, parts: readonly Part[], files: readonly string[]): void => {
  const ours = new Set(
    parts.filter(({ folder }) => !isForeign(folder)).flatMap(({ dependencies }) => Object.keys(dependencies ?? {})),
  );
  for (const part of parts.filter(({ name }) => ours.has(name))) {
    const twin = parts.find(({ name, folder }) => name === part.name && folder !== part.folder);
    if (twin) throw new Error(`${plan.name}: ${part.name} is inside twice: ${part.folder} and ${twin.folder}`);
    // One version, yet two builds of it, for `import` and for `require`.
    const kinds = ["esm", "cjs"].filter((kind) => files.some((file) => file.includes(`/${part.folder}/dist/${kind}/`)));
    if (kinds.length > 1) throw new Error(`${plan.name}: ${part.name} is inside as ${kinds.join(" and as ")}`);
  }
};

const purl = ({ name, version }: Manifest): string => `pkg:npm/${name.replace("@", "%40")}@${version}`;

const licenseOf = ({ license }: Manifest): string =>
  typeof license === "string" ? license : (license?.type ?? "NOASSERTION");

const toCycloneDx = (plan: BundlePlan, parts: readonly Part[], lock: Lock): object => {
  const own = parts.find(({ folder }) => folder === plan.folder);
  if (own === undefined) throw new Error(`${plan.name}: nothing of ${plan.folder} is inside`);
  const components = parts.filter((part) => part !== own).map((part) => toComponent(part, lock));
  const inside = new Map(parts.map((part) => [part.name, purl(part)]));
  const content = {
    metadata: {
      component: { type: "application", "bom-ref": purl(own), name: own.name, version: own.version, purl: purl(own) },
      tools: { components: [{ type: "application", name: "@tandem/bundle" }] },
    },
    components,
    dependencies: parts.map((part) => ({
      ref: purl(part),
      dependsOn: Object.keys(part.dependencies ?? {}).flatMap((name) => inside.get(name) ?? []),
    })),
  };
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    version: 1,
    ...content,
  };
};

const toComponent = (part: Part, lock: Lock): object => {
  const { integrity, resolved } = lock.packages[part.folder] ?? {};
  const license = licenseOf(part);
  return {
    type: "library",
    "bom-ref": purl(part),
    name: part.name,
    version: part.version,
    ...(part.description ? { description: part.description } : {}),
    licenses: [/[\s()]/.test(license) ? { expression: license } : { license: { id: license } }],
    purl: purl(part),
    ...(integrity?.startsWith("sha512-")
      ? { hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.slice(7), "base64").toString("hex") }] }
      : {}),
    ...(resolved?.startsWith("http") ? { externalReferences: [{ type: "distribution", url: resolved }] } : {}),
  };
};

const licenseText = (root: string, part: Part): string => {
  const names = readdirSync(join(root, part.folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const texts = names.sort().map((name) => readFileSync(join(root, part.folder, name), "utf8").trim());
  return `${"=".repeat(80)}\n${part.name} ${part.version} (${licenseOf(part)})\n\n${texts.join("\n\n")}\n`;
};
