import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, type Programs, programsWith } from "./programs.ts";

const CLUSTER = "tandem";
const REGISTRY = { name: "tandem-registry", port: 5001 };
const configFile = resolve(import.meta.dirname, "../kind.yaml");

const help = `npm run kind:up | kind:down [-- --engine docker|podman]

A cluster on this machine (kind, context kind-${CLUSTER}) and a registry beside it at localhost:${REGISTRY.port}, from which its nodes pull.
kind:up may be run again: it makes what is missing. kind:down takes away both, with all data. Needs kind, kubectl and an engine.
`;

/** What tells tools such as Tilt where to push: https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry */
const hosting = `apiVersion: v1
kind: ConfigMap
metadata:
  name: local-registry-hosting
  namespace: kube-public
data:
  localRegistryHosting.v1: |
    host: "localhost:${REGISTRY.port}"
    help: "https://kind.sigs.k8s.io/docs/user/local-registry/"
`;

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

export const kindUp = async ({ read, run }: Programs, engine: string, say: (line: string) => void): Promise<void> => {
  // Whatever is missing shows before anything is made.
  await read(engine, ["version"]);
  await read("kubectl", ["version", "--client"]);
  const clusters = lines(await read("kind", ["get", "clusters"]));

  const containers = lines(await read(engine, ["ps", "--all", "--format", "{{.Names}}"]));
  if (containers.includes(REGISTRY.name)) await read(engine, ["start", REGISTRY.name]);
  else {
    say(`a registry at localhost:${REGISTRY.port}`);
    const ports = ["--publish", `127.0.0.1:${REGISTRY.port}:5000`];
    await run(engine, [
      "run",
      "--detach",
      "--restart=always",
      ...ports,
      "--name",
      REGISTRY.name,
      "docker.io/library/registry:3",
    ]);
  }
  if (clusters.includes(CLUSTER)) say(`the cluster ${CLUSTER} is there`);
  else await run("kind", ["create", "cluster", "--name", CLUSTER, "--config", configFile, "--wait", "120s"]);

  // Nodes find what is called localhost:5001 at the container; https://kind.sigs.k8s.io/docs/user/local-registry
  const folder = `/etc/containerd/certs.d/localhost:${REGISTRY.port}`;
  const hosts = `[host."http://${REGISTRY.name}:5000"]\n`;
  for (const node of lines(await read("kind", ["get", "nodes", "--name", CLUSTER]))) {
    await read(engine, ["exec", node, "mkdir", "-p", folder]);
    await read(engine, ["exec", "--interactive", node, "cp", "/dev/stdin", `${folder}/hosts.toml`], hosts);
  }
  const networks = await read(engine, ["inspect", "--format", "{{json .NetworkSettings.Networks}}", REGISTRY.name]);
  if (!("kind" in (JSON.parse(networks) as object))) await read(engine, ["network", "connect", "kind", REGISTRY.name]);
  await read("kubectl", ["--context", `kind-${CLUSTER}`, "apply", "-f", "-"], hosting);
  say(`up: kubectl --context kind-${CLUSTER} get nodes; next: tilt up`);
};

export const kindDown = async ({ read, run }: Programs, engine: string, say: (line: string) => void): Promise<void> => {
  if (lines(await read("kind", ["get", "clusters"])).includes(CLUSTER))
    await run("kind", ["delete", "cluster", "--name", CLUSTER]);
  else say(`there is no cluster ${CLUSTER}`);
  const containers = lines(await read(engine, ["ps", "--all", "--format", "{{.Names}}"]));
  if (containers.includes(REGISTRY.name)) await read(engine, ["rm", "--force", "--volumes", REGISTRY.name]);
};

/** What tells kind which engine its nodes run on. */
export const environmentOf = (engine: string): Readonly<Record<string, string>> =>
  engine === "podman" ? { KIND_EXPERIMENTAL_PROVIDER: "podman" } : {};

if (import.meta.main)
  await exitWith(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { engine: { type: "string", default: "docker" }, help: { type: "boolean", short: "h" } },
    });
    const work = { up: kindUp, down: kindDown }[positionals[0] ?? ""];
    if (values.help === true || work === undefined) return void process.stdout.write(help);
    await work(
      programsWith(environmentOf(values.engine)),
      values.engine,
      (line) => void process.stdout.write(`${line}\n`),
    );
  });
