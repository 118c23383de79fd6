import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parseLdd } from "../src/collect-runtime.ts";
import { buildArguments } from "../src/image/build-image.ts";
import { type Engine, findEngine } from "../src/image/engine.ts";
import { NODE_OPTIONS } from "../src/write-launchers.ts";

const root = resolve(import.meta.dirname, "../../..");

interface Instruction {
  readonly name: string;
  readonly words: readonly string[];
}

const readDockerfile = (): readonly Instruction[] =>
  readFileSync(join(root, "Dockerfile"), "utf8")
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...words] = line.trim().split(/\s+/);
      return { name, words };
    });

describe("the Dockerfile", () => {
  const instructions = readDockerfile();

  test("uses instructions that buildah 1.28 and Docker without BuildKit know", () => {
    const known = ["ARG", "FROM", "COPY", "RUN", "ENV", "LABEL", "USER", "WORKDIR", "ENTRYPOINT", "CMD"];
    for (const { name, words } of instructions) {
      expect(known).toContain(name);
      if (name === "COPY" || name === "RUN") {
        expect(words.filter((word) => /^--(?!from=|chown=)/.test(word) && name === "COPY")).toEqual([]);
        expect(words.some((word) => word.startsWith("<<") || word.startsWith("--mount"))).toBe(false);
      }
    }
  });

  test("copies from stages that stand above, and from the context what is there", () => {
    const stages: string[] = [];
    for (const { name, words } of instructions) {
      if (name === "FROM") {
        const [base = "", as, stage] = words;
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own
        expect(["${NODE_IMAGE}", "scratch", ...stages]).toContain(base);
        if (as === "AS" && stage) stages.push(stage);
      }
      if (name !== "COPY") continue;
      const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
      const sources = words.filter((word) => !word.startsWith("--")).slice(0, -1);
      if (from === undefined)
        for (const source of sources) expect([source, existsSync(join(root, source))]).toEqual([source, true]);
      else expect(stages).toContain(from);
    }
    expect(stages).toEqual(["manifests", "dependencies", "runtime", "bundle", "dev"]);
  });

  test("bundles all services in one step when told so: that step must not depend on the service", () => {
    const begin = instructions.findIndex(({ name, words }) => name === "FROM" && words[2] === "bundle");
    const length = instructions.slice(begin + 1).findIndex(({ name }) => name === "FROM");
    const args = instructions.slice(begin, begin + 1 + length).filter(({ name }) => name === "ARG");
    expect(args.map(({ words }) => words)).toEqual([["BUNDLE"]]);
  });

  test("ends with an image from nothing, of user 65532, that starts the API", () => {
    const last = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
    const words = (name: string) => last.find((one) => one.name === name)?.words;
    expect(words("FROM")).toEqual(["scratch"]);
    expect(words("USER")).toEqual(["65532:65532"]);
    expect(words("CMD")).toEqual(['["/app/bin/api"]']);
    expect(words("RUN")).toBeUndefined();
    // The compiled code in the image was made under the same.
    expect(words("ENV")).toContain(`NODE_OPTIONS=${NODE_OPTIONS}`);
    // Node first: the layer that does not change and that all share.
    expect(last.filter(({ name }) => name === "COPY").map(({ words: [from] }) => from)).toEqual([
      "--from=runtime",
      "--from=bundle",
    ]);
  });

  test("sees what bundling reads, and no more", () => {
    const ignored = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
    expect(ignored).toContain("*");
    for (const needed of ["packages", "services", "tools/bundle", "package-lock.json", "*/package.json"])
      expect(ignored).toContain(`!${needed}`);
  });
});

describe("buildArguments", () => {
  const source = { revision: "abc", version: "v1", epoch: 86_400 };
  const options = {
    root: "/r",
    service: "order",
    reference: "localhost/tandem/order:dev",
    all: false,
    flags: [],
    source,
  };
  const engine = (name: Engine["name"]): Engine => ({ name, run: () => Promise.reject(new Error("not run")) });

  test("names the service, the commit and the Dockerfile; flags stand before the context", () => {
    expect(buildArguments({ ...options, engine: engine("podman"), target: "dev", flags: ["--network=host"] })).toEqual([
      "build",
      ...["--build-arg", "SERVICE=order"],
      ...["--build-arg", "VERSION=v1"],
      ...["--build-arg", "REVISION=abc"],
      ...["--build-arg", "CREATED=1970-01-02T00:00:00.000Z"],
      ...["--target", "dev"],
      "--network=host",
      ...["--file", "/r/Dockerfile"],
      ...["--tag", "localhost/tandem/order:dev"],
      "/r",
    ]);
  });

  test("bundles all services together when all are built", () => {
    expect(buildArguments({ ...options, all: true, engine: engine("podman") })).toContain("BUNDLE=all");
    expect(buildArguments({ ...options, engine: engine("podman") })).not.toContain("BUNDLE=all");
  });
});

describe("findEngine", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("says what to install where there is none", () => {
    const empty = mkdtempSync(join(tmpdir(), "tandem-path-"));
    vi.stubEnv("PATH", empty);
    expect(() => findEngine(undefined)).toThrow(
      /docker is not installed; podman is not installed\.\nImages need Docker .* or Podman/,
    );
    expect(() => findEngine("podman")).toThrow(/^podman is not installed\./);
    rmSync(empty, { recursive: true });
  });

  test("knows two", () => {
    expect(() => findEngine("buildah")).toThrow('unknown engine "buildah": docker or podman');
  });
});

describe("parseLdd", () => {
  test("finds libraries where the loader looks, the loader itself, and not the kernel's", () => {
    const output = [
      "\tlinux-vdso.so.1 (0x00007ffc)",
      "\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f3e)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f3f)",
    ].join("\n");
    expect(parseLdd(output)).toEqual([
      { path: "/lib/x86_64-linux-gnu/libstdc++.so.6" },
      { path: "/lib64/ld-linux-x86-64.so.2" },
    ]);
  });

  test("refuses a Node whose libraries are not all there", () => {
    expect(() => parseLdd("\tlibatomic.so.1 => not found")).toThrow("libatomic.so.1 => not found");
  });
});
