import type { EnvVar } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { SecretEntry } from "../secrets/secret-catalogue.ts";
import { SynthError } from "../synth-error.ts";
import type { Binary } from "./binary.ts";

const reference = (name: string, secret: string, key: string): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** The keys of a Secret as environment variables. @throws SynthError when the catalogue does not have it */
export const variablesOf = (secret: string, catalogue: readonly SecretEntry[], namespace: string): EnvVar[] => {
  const entry = catalogue.find((candidate) => candidate.name === secret && candidate.namespace === namespace);
  if (!entry) throw new SynthError(`the secret catalogue has no "${secret}" in the namespace ${namespace}`);
  return entry.keys.map(({ key }) => reference(key, secret, key));
};

/** The sidecar's tokens: what the app shows to it, and what it shows to a worker. The injector gives them to the sidecar only. */
export const tokenVariables = ({ component }: Pick<Binary, "component">): EnvVar[] => [
  reference("DAPR_API_TOKEN", "dapr-api-token", "token"),
  ...(component === "worker" ? [reference("APP_API_TOKEN", "app-api-token", "token")] : []),
];
