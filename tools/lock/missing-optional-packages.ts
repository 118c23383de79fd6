/** The part of a package-lock.json (version 3) that matters here. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
}

/**
 * Optional packages that the lock file names as a dependency and has no entry for. npm leaves out those that the registry did
 * not serve on the day (builds for other machines, usually), and `npm ci` then refuses the whole lock file, on every machine.
 * @returns the missing entries by their path in the lock file, for the machine that their name tells
 */
export const missingOptionalPackages = (lock: Lock): Readonly<Record<string, LockedPackage>> => {
  const missing: Record<string, LockedPackage> = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isResolved(lock, path, name)) continue;
      if (!/^\d/.test(version))
        throw new Error(`${name}@${version} (optional for ${path}) has no exact version to lock`);
      const { os, cpu, libc } = machineOf(name);
      // npm's own order of fields, so that it finds nothing to rewrite.
      missing[`node_modules/${name}`] = {
        version,
        cpu,
        ...(entry.dev === true && { dev: true }),
        ...(libc !== undefined && { libc }),
        optional: true,
        os,
        ...binOfSibling(lock, Object.keys(entry.optionalDependencies ?? {})),
      };
    }
  }
  return missing;
};

/** Builds of one program for several machines are alike: npm links no command that the lock file does not name. */
const binOfSibling = (lock: Lock, siblings: readonly string[]): Pick<LockedPackage, "bin"> => {
  for (const name of siblings) {
    const bin = lock.packages[`node_modules/${name}`]?.bin;
    if (bin !== undefined) return { bin };
  }
  return {};
};

/** As Node looks: in the package's own node_modules, then in each one further out. */
const isResolved = (lock: Lock, path: string, name: string): boolean => {
  for (let from = path; ; from = from.slice(0, Math.max(from.lastIndexOf("/node_modules/"), 0))) {
    const candidate = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
    if (lock.packages[candidate] !== undefined) return true;
    if (from === "") return false;
  }
};

const systems = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/** Without these npm would try to fetch it, on every machine. `linux-arm64-musl` -> linux, arm64, musl. */
const machineOf = (name: string): { readonly os: string[]; readonly cpu: string[]; readonly libc?: string[] } => {
  const words = name.replace(/^@[^/]+\//, "").split("-");
  const os = words.find((word) => systems.includes(word));
  const cpu = words.map((word) => word.replace(/^armv?\d$/, "arm")).find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not tell for which machine it is`);
  const libc = /musl/.test(words.at(-1) ?? "") ? "musl" : /^gnu/.test(words.at(-1) ?? "") ? "glibc" : undefined;
  return { os: [os], cpu: [cpu], ...(libc !== undefined && { libc: [libc] }) };
};
