import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceCatalogue } from "@tandem/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ForwardTarget, type Kubectl, openKubectl } from "../src/platform/kubectl.ts";
import { openKubernetesPlatform } from "../src/platform/open-kubernetes-platform.ts";
import { credentialsFrom, openRemotePlatform } from "../src/platform/open-remote-platform.ts";

const servers: Server[] = [];
const serve = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A cluster with these secrets; every forwarded port is `port`. */
const clusterWith = (secrets: Secrets, port: number) => {
  const forwarded: ForwardTarget[] = [];
  const kubectl: Kubectl = {
    json: async ([verb, kind, name = ""]) => {
      if (kind === "configmap") return { data: { AUTH_BOOTSTRAP_EMAIL: "operator@cluster.example" } };
      expect([verb, kind]).toEqual(["get", "secret"]);
      const found = secrets[name];
      if (!found) throw new Error(`secrets "${name}" not found`);
      return { data: Object.fromEntries(Object.entries(found).map(([key, text]) => [key, btoa(text)])) };
    },
    text: () => expect.fail("nothing else is asked of a cluster"),
    forward: async (target) => {
      forwarded.push(target);
      return port;
    },
  };
  return { kubectl, forwarded };
};
const tandem = { namespace: "tandem" };

describe("a platform in a cluster", () => {
  it("is entered by the gateway's forwarded port, as the operator whose password stands in auth's secret", async () => {
    const asked: unknown[] = [];
    const port = await serve((request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        asked.push([request.url, text]);
        response.writeHead(401, { "content-type": "application/json" }).end('{"code":"unauthenticated"}');
      });
    });
    const { kubectl, forwarded } = clusterWith({ auth: { AUTH_BOOTSTRAP_PASSWORD: "of the cluster" } }, port);
    const platform = await openKubernetesPlatform(kubectl, tandem);
    expect(platform.gatewayUrl).toBe(`http://127.0.0.1:${port}`);
    expect(forwarded).toEqual([{ namespace: "tandem", resource: "service/gateway", port: 8080 }]);
    await expect(platform.people.operator()).rejects.toThrow();
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).toContain("/tandem.auth.v1.AuthService/Login");
    expect(JSON.stringify(asked)).toMatch(/operator@cluster\.example.*of the cluster/);
  });

  it("is not forwarded to when its gateway is reached already", async () => {
    const { kubectl, forwarded } = clusterWith({ auth: { AUTH_BOOTSTRAP_PASSWORD: "x" } }, 1);
    const platform = await openKubernetesPlatform(kubectl, { ...tandem, gateway: "http://127.0.0.1:18080/" });
    expect([platform.gatewayUrl, forwarded]).toEqual(["http://127.0.0.1:18080", []]);
  });

  it("says which secret lacks the operator's password", async () => {
    const { kubectl } = clusterWith({ auth: { OTHER: "x" } }, 1);
    await expect(openKubernetesPlatform(kubectl, tandem)).rejects.toThrow(
      "secret auth in namespace tandem has no AUTH_BOOTSTRAP_PASSWORD",
    );
  });

  it("reaches a sidecar through its pod, with the token that it asks for", async () => {
    const { kubectl, forwarded } = clusterWith(
      { auth: { AUTH_BOOTSTRAP_PASSWORD: "x" }, "dapr-api-token": { token: "for sidecars" } },
      4321,
    );
    const platform = await openKubernetesPlatform(kubectl, tandem);
    expect(await platform.sidecarOf("payment")).toEqual({
      url: "http://127.0.0.1:4321",
      headers: { "dapr-api-token": "for sidecars" },
    });
    expect(forwarded.at(-1)).toEqual({ namespace: "tandem", resource: "deployment/payment", port: 3500 });
  });

  it("opens its books through one forwarded port per database server, passwords as they are", async () => {
    const secrets: Secrets = {
      auth: { AUTH_BOOTSTRAP_PASSWORD: "x" },
      ...Object.fromEntries(
        serviceCatalogue.map(({ apiAppId, database, databaseUser }) => [
          apiAppId,
          {
            AUTH_BOOTSTRAP_PASSWORD: "x",
            DATABASE_URL: `postgres://${databaseUser}:p%40ss@postgres.tandem-stores.svc.cluster.local:5432/${database}`,
          },
        ]),
      ),
    };
    const { kubectl, forwarded } = clusterWith(secrets, 15_432);
    const { urls } = await (await openKubernetesPlatform(kubectl, { ...tandem, gateway: "http://x" })).books();
    expect(forwarded).toEqual([{ namespace: "tandem-stores", resource: "service/postgres", port: 5432 }]);
    expect(urls.get("order_db")).toBe("postgres://order_svc:p%40ss@127.0.0.1:15432/order_db");
    expect(urls.size).toBe(serviceCatalogue.length);
  });
});

describe("a platform behind an address", () => {
  it("asks for the operator's password by the name of its variable", () => {
    expect(() => openRemotePlatform("http://127.0.0.1:8080", credentialsFrom({}))).toThrow("TANDEM_OPERATOR_PASSWORD");
  });

  it("knows its contexts from the door, those that do not answer left out, and says when there is no door", async () => {
    const port = await serve((_, response) =>
      response.writeHead(503).end('{"ok":false,"contexts":{"order":{"ok":true},"search":{"ok":false}}}'),
    );
    const credentials = credentialsFrom({ TANDEM_OPERATOR_PASSWORD: "x" });
    expect(await openRemotePlatform(`http://127.0.0.1:${port}`, credentials).contexts()).toEqual(["order"]);
    const nowhere = openRemotePlatform("http://127.0.0.1:1", credentials);
    await expect(nowhere.contexts()).rejects.toThrow("no gateway answers at http://127.0.0.1:1");
  });

  it("finds the customers again that it made: their passwords follow from the operator's", () => {
    const one = credentialsFrom({ TANDEM_OPERATOR_PASSWORD: "x" })?.passwordOf("ada@example.com");
    expect(one).toBe(credentialsFrom({ TANDEM_OPERATOR_PASSWORD: "x" })?.passwordOf("ada@example.com"));
    expect(one).not.toBe(credentialsFrom({ TANDEM_OPERATOR_PASSWORD: "y" })?.passwordOf("ada@example.com"));
  });

  it("refuses what only the inside of a cluster has, and says how to get there", async () => {
    const platform = openRemotePlatform("http://x", credentialsFrom({ TANDEM_OPERATOR_PASSWORD: "x" }));
    await expect(platform.sidecarOf("order")).rejects.toThrow("--platform kubernetes");
    await expect(platform.books()).rejects.toThrow("--no-check");
  });
});

describe("kubectl", () => {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "tandem-kubectl-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const programThat = async (script: string): Promise<string> => {
    const file = join(dir, "kubectl");
    await writeFile(file, `#!/bin/sh\necho "$@" >>${dir}/calls\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  };

  it("acts without being told on clusters of this machine only", async () => {
    const program = await programThat(`case "$*" in *current-context*) echo prod-eu ;; esac`);
    await expect(openKubectl(undefined, program)).rejects.toThrow("say --context prod-eu to mean it");
    await expect(openKubectl("prod-eu", program)).resolves.toBeDefined();
    await expect(openKubectl(undefined, await programThat("echo kind-tandem"))).resolves.toBeDefined();
  });

  it("is asked for by name when it is not there, and complains in its own words", async () => {
    await expect(openKubectl(undefined, join(dir, "none"))).rejects.toThrow("is not on PATH");
    const kubectl = await openKubectl("kind-x", await programThat("echo 'Error: no such secret' >&2; exit 1"));
    await expect(kubectl.json(["get", "secret", "auth"])).rejects.toThrow("Error: no such secret");
    await expect(kubectl.forward({ namespace: "n", resource: "service/s", port: 1 })).rejects.toThrow("no such secret");
  });

  it("forwards to the next pod on the same port when the first one goes", async () => {
    const kubectl = await openKubectl(
      "kind-x",
      await programThat(`echo "Forwarding from 127.0.0.1:40123 -> 8080"; sleep 0.1`),
    );
    expect(await kubectl.forward({ namespace: "n", resource: "service/gateway", port: 8080 })).toBe(40_123);
    const calls = async () => (await readFile(join(dir, "calls"), "utf8")).trim().split("\n");
    while ((await calls()).length < 2) await sleep(20);
    expect((await calls()).slice(0, 2)).toEqual([
      "--context kind-x port-forward --address 127.0.0.1 -n n service/gateway :8080",
      "--context kind-x port-forward --address 127.0.0.1 -n n service/gateway 40123:8080",
    ]);
  });
});
