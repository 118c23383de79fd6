// Runs in the image build, on its own: node collect-runtime.ts <folder>. Fills the folder with the file system that a binary of ours needs,
// from the machine that it runs on: Node, what Node links, certificates, names of users. No shell, no package manager.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";

interface Library {
  /** Where the loader looks for it. */
  readonly path: string;
}

const NODE = "/usr/local/bin/node";

/** Paths of the shared libraries that `program` links, the loader among them. */
export const parseLdd = (output: string): readonly Library[] =>
  output.split("\n").flatMap((line) => {
    if (line.includes("not found")) throw new Error(`a library is missing: ${line.trim()}`);
    const path = /(?:=>\s*)?(\/\S+)\s+\(0x/.exec(line)?.[1];
    return path === undefined ? [] : [{ path }];
  });

const collect = (target: string): void => {
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    mkdirSync(join(target, dirname(path)), { recursive: true });
    writeFileSync(join(target, path), content);
    chmodSync(join(target, path), mode);
  };
  const copy = (path: string, mode: number) => {
    mkdirSync(join(target, dirname(path)), { recursive: true });
    copyFileSync(realpathSync(path), join(target, path));
    chmodSync(join(target, path), mode);
  };
  const libraries = parseLdd(execFileSync("ldd", [NODE], { encoding: "utf8" }));
  copy(NODE, 0o755);
  for (const { path } of libraries) copy(path, 0o755);

  put("/etc/passwd", "root:x:0:0:root:/:/sbin/nologin\ntandem:x:65532:65532:tandem:/app:/sbin/nologin\n");
  put("/etc/group", "root:x:0:\ntandem:x:65532:\n");
  put("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  // Node brings its own roots; this file is for whatever else looks where everybody looks. Not the build machine's: that may have private ones.
  put("/etc/ssl/certs/ca-certificates.crt", `${rootCertificates.join("\n")}\n`);
  mkdirSync(join(target, "tmp"), { recursive: true });
  chmodSync(join(target, "tmp"), 0o1777);

  // What scanners look for: the distribution, and its packages that the libraries come from (as "distroless" images have it).
  if (existsSync("/etc/os-release")) copy("/etc/os-release", 0o644);
  for (const { name, status, copyright } of packagesOf(libraries)) {
    put(`/var/lib/dpkg/status.d/${name}`, `${status}\n`);
    if (copyright) put(`/usr/share/doc/${name}/copyright`, copyright);
  }
  for (const license of ["/usr/local/LICENSE"]) if (existsSync(license)) copy(license, 0o644);
  // The same build gives the same layer.
  execFileSync("find", [target, "-exec", "touch", "-h", "-d", `@${process.env["SOURCE_DATE_EPOCH"] ?? 0}`, "{}", "+"]);
};

const packagesOf = (libraries: readonly Library[]) => {
  if (!existsSync("/var/lib/dpkg/status")) return [];
  const blocks = readFileSync("/var/lib/dpkg/status", "utf8").split("\n\n");
  const names = new Set(libraries.flatMap(({ path }) => ownerOf(path) ?? []));
  return [...names].sort().flatMap((name) => {
    const status = blocks.find((block) => block.startsWith(`Package: ${name}\n`));
    const file = `/usr/share/doc/${name}/copyright`;
    return status ? [{ name, status, copyright: existsSync(file) ? readFileSync(file) : undefined }] : [];
  });
};

/** The package whose list of files has the library, by any of the names that it goes by. */
const ownerOf = (path: string): string | undefined => {
  for (const name of [path, `/usr${path}`, realpathSync(path)]) {
    try {
      return execFileSync("dpkg", ["-S", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
        ":",
      )[0];
    } catch {
      // under another name
    }
  }
  return undefined;
};

if (import.meta.main) {
  const target = process.argv[2];
  if (target === undefined) throw new Error("usage: node collect-runtime.ts <folder>");
  collect(target);
}
