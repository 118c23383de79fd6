import {
  ExternalSecret,
  ExternalSecretSpecSecretStoreRefKind,
  ExternalSecretSpecTargetCreationPolicy,
  ExternalSecretSpecTargetDeletionPolicy,
} from "../../imports/external-secrets.io.ts";
import { commonLabels } from "../contexts/labels.ts";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { SynthError } from "../synth-error.ts";
import { type SecretKey, secretCatalogue } from "./secret-catalogue.ts";

/** Where a value is kept outside: what several secrets share, once, so that nobody changes one of them only. */
const remoteRefOf = (prefix: string, secret: string, { key, sharedAs }: SecretKey) =>
  sharedAs === undefined
    ? { key: `${prefix}/${secret}`, property: key }
    : { key: `${prefix}/shared`, property: sharedAs };

/** Layer `20-secrets`: the Secrets of the catalogue, where the environment keeps them outside of the cluster. */
export const addExternalSecrets = (scope: Scope, environment: Environment): void => {
  const { secrets, installed, name: environmentName } = environment;
  // Also when none are written here: a secret that nobody can give is a mistake of the environment.
  const entries = secretCatalogue(scope.platform, environment);
  if (secrets.kind !== "external") return;
  if (!installed.externalSecrets) {
    throw new SynthError(
      `${environmentName} keeps its secrets in ${secrets.store}, and has no External Secrets Operator to fetch them`,
    );
  }
  for (const { name, namespace, keys } of entries) {
    new ExternalSecret(scope.file("20-secrets", "external-secrets"), `${namespace}-${name}`, {
      metadata: { name, namespace, labels: commonLabels(name) },
      spec: {
        secretStoreRef: { name: secrets.store, kind: ExternalSecretSpecSecretStoreRefKind.CLUSTER_SECRET_STORE },
        refreshInterval: "1h",
        // The Secret stays when this object goes, and when the store forgets the value: nobody loses a database over a typing error.
        target: {
          name,
          creationPolicy: ExternalSecretSpecTargetCreationPolicy.ORPHAN,
          deletionPolicy: ExternalSecretSpecTargetDeletionPolicy.RETAIN,
        },
        data: keys.map((key) => ({ secretKey: key.key, remoteRef: remoteRefOf(secrets.prefix, name, key) })),
      },
    });
  }
};
