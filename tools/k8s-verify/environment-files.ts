import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Environments of Kubernetes, and the folder in components/ that each uses: components/local is the laptop's. */
export const environmentFolders: Readonly<Record<string, string>> = {
  local: "kind",
  staging: "staging",
  production: "production",
};

/** All files of Kubernetes objects that make up the environment, sorted. */
export const environmentFiles = (root: string, environment: string): readonly string[] => {
  const folders = [`k8s/${environment}`, `k8s/argocd/${environment}`, `components/${environmentFolders[environment]}`];
  return folders
    .flatMap((folder) => yamlFiles(join(root, folder)))
    .filter((file) => !file.endsWith("/kustomization.yaml"))
    .sort();
};

const yamlFiles = (folder: string): readonly string[] => {
  if (!existsSync(folder)) throw new Error(`${folder} is missing: npm run synth and npm run components write it`);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
};
