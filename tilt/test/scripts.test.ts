import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildImage } from "../src/build-image.ts";
import { mirrorFolder } from "../src/bundle-changes.ts";
import { describePlatform } from "../src/describe-platform.ts";
import { ensureDapr } from "../src/ensure-dapr.ts";
import { environmentOf, kindDown, kindUp } from "../src/kind.ts";
import { type Programs, programs, programsWith } from "../src/programs.ts";

/** A machine whose programs answer by what their command line has in it, and are written down. */
const machine = (answers: Readonly<Record<string, string>> = {}) => {
  const commands: string[] = [];
  const answer = async (program: string, args: readonly string[]): Promise<string> => {
    const line = [program, ...args].join(" ");
    commands.push(line);
    return Object.entries(answers).find(([part]) => line.includes(part))?.[1] ?? "";
  };
  const fake: Programs = { read: answer, run: async (program, args) => void (await answer(program, args)) };
  return { fake, commands, like: (part: string) => commands.filter((line) => line.includes(part)) };
};
const say = () => {};

describe("an image for Tilt", () => {
  const id = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  it("is named by its content, pushed, and leaves the tags of others alone", async () => {
    const { fake, commands } = machine({ "image inspect": `${id}\n` });
    const name = await buildImage(fake, { image: "order", engine: "docker", place: { registry: "localhost:5001" } });
    expect(name).toBe("localhost:5001/tandem/order:tilt-0123456789ab");
    expect(commands).toEqual([
      "npm run --silent image -- order --engine docker --tag tilt",
      "docker image inspect --format {{.Id}} localhost/tandem/order:tilt",
      `docker tag localhost/tandem/order:tilt ${name}`,
      `docker push ${name}`,
    ]);
  });

  it("tells podman that a registry on this machine has no TLS", async () => {
    const { fake, like } = machine({ "image inspect": id });
    await buildImage(fake, { image: "order", engine: "podman", place: { registry: "localhost:5001" } });
    await buildImage(fake, { image: "order", engine: "podman", place: { registry: "registry.example" } });
    expect(like("podman push").map((line) => line.includes("--tls-verify=false"))).toEqual([true, false]);
  });

  it("is handed to a loader by its name, as one argument, where there is no registry", async () => {
    const { fake, commands } = machine({ "image inspect": id });
    const place = { loader: "kind load docker-image --name tandem" };
    const name = await buildImage(fake, { image: "order", engine: "docker", target: "dev", place });
    expect(name).toBe("localhost/tandem/order:tilt-dev-0123456789ab");
    expect(commands[0]).toContain("--tag tilt-dev --target dev");
    expect(commands.at(-1)).toBe(`sh -c kind load docker-image --name tandem "$1" loader ${name}`);
  });
});

describe("a bundle for live update", () => {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "tandem-mirror-"));
    for (const folder of ["from/lib", "into/lib"]) await mkdir(join(dir, folder), { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("touches only files that differ, and takes away those that are no more", async () => {
    await writeFile(join(dir, "from/lib/same.js"), "same");
    await writeFile(join(dir, "from/lib/changed.js"), "new");
    for (const [name, text] of [
      ["same", "same"],
      ["changed", "old"],
      ["gone", "x"],
    ] as const)
      await writeFile(join(dir, `into/lib/${name}.js`), text);
    const longAgo = new Date(2_000);
    await utimes(join(dir, "into/lib/same.js"), longAgo, longAgo);
    expect(await mirrorFolder(join(dir, "from"), join(dir, "into"))).toBe(2);
    expect((await stat(join(dir, "into/lib/same.js"))).mtimeMs).toBe(2_000);
    expect(await readFile(join(dir, "into/lib/changed.js"), "utf8")).toBe("new");
    await expect(stat(join(dir, "into/lib/gone.js"))).rejects.toThrow("ENOENT");
  });

  it("is made from the context and every package that it uses, and from no other context", () => {
    const [order] = describePlatform(["order"]).contexts;
    expect(order?.sources).toEqual(
      expect.arrayContaining([
        "services/order/src",
        "services/order/migrations",
        "packages/saga/src",
        "packages/kernel/src",
      ]),
    );
    expect(
      order?.sources.filter((path) => path.startsWith("services/") && !path.startsWith("services/order/")),
    ).toEqual([]);
  });
});

describe("Dapr in the cluster", () => {
  const there = "deployment.apps/dapr-operator\ndeployment.apps/dapr-sidecar-injector\n";

  it("is left alone where it is, and waited for: a pod made before its injector has no sidecar", async () => {
    const { fake, like } = machine({ "get deployments": there });
    await ensureDapr(fake, { context: "kind-x", expect: false, say });
    expect(like("helm")).toEqual([]);
    expect(like("rollout status")).toHaveLength(2);
    expect(like("Established")).toHaveLength(1);
    expect(like("kubectl").every((line) => line.includes("--context kind-x"))).toBe(true);
  });

  it("is installed where it is not, so that Pod Security admits its sidecars", async () => {
    const { fake, like } = machine();
    await ensureDapr(fake, { context: "kind-x", expect: false, say });
    const [install] = like("helm upgrade --install");
    expect(install).toContain("dapr_sidecar_injector.sidecarDropALLCapabilities=true");
    expect(install).toContain("--kube-context kind-x");
    expect(install).toContain("--version 1.18.3");
  });

  it("is not installed when somebody else does it", async () => {
    const { fake, like } = machine();
    await ensureDapr(fake, { context: "kind-x", expect: true, say });
    expect(like("helm")).toEqual([]);
    expect(like("--for=create")).toHaveLength(1);
  });
});

describe("the cluster of kind", () => {
  it("is made with its registry, which its nodes find and tools are told of", async () => {
    const { fake, commands, like } = machine({
      "get nodes": "tandem-control-plane\n",
      "json .NetworkSettings": '{"bridge":{}}',
    });
    await kindUp(fake, "docker", say);
    expect(like("registry:3")).toHaveLength(1);
    expect(like("kind create cluster --name tandem")).toHaveLength(1);
    expect(like("certs.d/localhost:5001/hosts.toml")).toHaveLength(1);
    expect(like("network connect kind")).toHaveLength(1);
    expect(commands.at(-1)).toBe("kubectl --context kind-tandem apply -f -");
  });

  it("is left as it is when it runs already", async () => {
    const { fake, like } = machine({
      "get clusters": "other\ntandem\n",
      "get nodes": "tandem-control-plane\n",
      "ps --all": "tandem-registry\n",
      "json .NetworkSettings": '{"bridge":{},"kind":{}}',
    });
    await kindUp(fake, "docker", say);
    expect([...like("create cluster"), ...like("docker run"), ...like("network connect")]).toEqual([]);
    await kindDown(fake, "docker", say);
    expect(like("kind delete cluster --name tandem")).toHaveLength(1);
    expect(like("docker rm --force --volumes tandem-registry")).toHaveLength(1);
  });

  it("takes nothing away that is not there", async () => {
    const { fake, commands } = machine();
    await kindDown(fake, "docker", say);
    expect(commands).toEqual(["kind get clusters", "docker ps --all --format {{.Names}}"]);
  });

  it("runs on podman when its program is told so, which nothing else is", async () => {
    const shown = ["-c", "echo provider=$KIND_EXPERIMENTAL_PROVIDER"];
    expect(await programsWith(environmentOf("podman")).read("sh", shown)).toBe("provider=podman\n");
    expect(await programsWith(environmentOf("docker")).read("sh", shown)).toBe("provider=\n");
    expect(process.env).not.toHaveProperty("KIND_EXPERIMENTAL_PROVIDER");
  });

  it("is asked for by a program's name and address when that is not there", async () => {
    const absent: Programs = { ...programs, read: (program) => programs.read(`${program}-that-is-not-there`, []) };
    await expect(kindUp(absent, "docker", say)).rejects.toThrow("docker-that-is-not-there is not on PATH");
    await expect(programs.read("sh", ["-c", "echo no space left >&2; exit 3"])).rejects.toThrow("no space left");
    await expect(programs.run("sh", ["-c", "exit 3"])).rejects.toThrow("exit code 3");
  });
});
