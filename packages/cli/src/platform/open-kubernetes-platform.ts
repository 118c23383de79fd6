import { serviceCatalogue } from "@tandem/contracts";
import { openPeople, rememberedPasswords } from "../people.ts";
import type { Kubectl } from "./kubectl.ts";
import type { Platform, PlatformBooks } from "./platform.ts";
import { readContexts } from "./read-contexts.ts";

export interface KubernetesPlace {
  readonly namespace: string;
  /** Where the gateway is reached already; absent: a port is forwarded to it. */
  readonly gateway?: string | undefined;
}

const GATEWAY_PORT = 8080;
const SIDECAR_PORT = 3500;

/**
 * A platform in a cluster. What is secret is read from its secrets with the rights of who asks: the operator's password, the
 * sidecars' token, the databases' addresses; its ports are forwarded. @throws Error in kubectl's words, or naming what is missing
 */
export const openKubernetesPlatform = async (kubectl: Kubectl, place: KubernetesPlace): Promise<Platform> => {
  const { namespace } = place;
  const secret = async (name: string): Promise<Readonly<Record<string, string>>> => {
    const { data = {} } = (await kubectl.json(["get", "secret", name, "-n", namespace])) as {
      data?: Record<string, string>;
    };
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
    );
  };
  const auth = await secret("auth");
  const password = auth["AUTH_BOOTSTRAP_PASSWORD"];
  if (!password)
    throw new Error(
      `secret auth in namespace ${namespace} has no AUTH_BOOTSTRAP_PASSWORD: nobody knows the operator's password`,
    );
  const settings = (await kubectl.json(["get", "configmap", "auth", "-n", namespace])) as {
    data?: Record<string, string>;
  };
  const credentials = rememberedPasswords(settings.data?.["AUTH_BOOTSTRAP_EMAIL"], password);
  const gatewayUrl =
    place.gateway?.replace(/\/+$/, "") ??
    `http://127.0.0.1:${await kubectl.forward({ namespace, resource: "service/gateway", port: GATEWAY_PORT })}`;
  return {
    gatewayUrl,
    mode: "dapr",
    people: openPeople(gatewayUrl, credentials),
    passwordOf: credentials.passwordOf,
    contexts: () => readContexts(gatewayUrl),
    sidecarOf: async (appId) => {
      const { token } = await secret("dapr-api-token");
      // A sidecar listens inside its pod only, which is where a forwarded port ends.
      const port = await kubectl.forward({ namespace, resource: `deployment/${appId}`, port: SIDECAR_PORT });
      return { url: `http://127.0.0.1:${port}`, headers: token === undefined ? {} : tokenHeader(token) };
    },
    books: () => openBooks(kubectl, namespace, secret),
  };
};

const tokenHeader = (token: string): Record<string, string> => ({ "dapr-api-token": token });

/** The contexts' databases, through a port forwarded to each server that their connection strings name. */
const openBooks = async (
  kubectl: Kubectl,
  namespace: string,
  secret: (name: string) => Promise<Readonly<Record<string, string>>>,
): Promise<PlatformBooks> => {
  const ports = new Map<string, Promise<number>>();
  const urls = new Map<string, string>();
  for (const { apiAppId, database } of serviceCatalogue) {
    const { DATABASE_URL } = await secret(apiAppId);
    if (!DATABASE_URL) throw new Error(`secret ${apiAppId} in namespace ${namespace} has no DATABASE_URL`);
    const url = new URL(DATABASE_URL);
    const [service = "", where = namespace] = url.hostname.split(".");
    const key = `${service}.${where}:${url.port}`;
    const forwarded =
      ports.get(key) ??
      kubectl.forward({ namespace: where, resource: `service/${service}`, port: Number(url.port || 5432) });
    ports.set(key, forwarded);
    url.hostname = "127.0.0.1";
    url.port = String(await forwarded);
    urls.set(database, url.href);
  }
  return { urls, sidecarUrl: "" };
};
