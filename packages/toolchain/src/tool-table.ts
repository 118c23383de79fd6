/** The programs that Tandem uses from outside npm. `broker` is any Redis-protocol server: valkey-server or redis-server. */
export const toolNames = [
  "daprd",
  "sentry",
  "dapr",
  "broker",
  "grpcurl",
  "opensearch",
  "elasticsearch",
  "kafka",
  "promtool",
  "k8s-gates",
  "tiltfile",
] as const;
export type ToolName = (typeof toolNames)[number];

/** The versions that `npm run tools` builds. An installed program may be any version that its {@link ToolDefinition} accepts. */
export const wantedVersions: Readonly<Record<ToolName, string>> = {
  daprd: "1.18.3",
  sentry: "1.18.3",
  dapr: "1.16.5",
  broker: "9.1.2",
  grpcurl: "1.9.4",
  opensearch: "3.8.0",
  elasticsearch: "7.10.2",
  kafka: "4.3.1",
  promtool: "2.42.0",
  "k8s-gates": "1.0.0",
  tiltfile: "1.0.0",
};

export interface ToolDefinition {
  /** File names, the preferred one first. */
  readonly files: readonly string[];
  readonly versionArguments: readonly string[];
  /** Folders under the home directory that installers use and that need not be on PATH. */
  readonly homeFolders: readonly string[];
  /** Why a version cannot be used, or undefined when it can. */
  readonly refuse: (version: Version) => string | undefined;
}

export type Version = readonly [major: number, minor: number, patch: number];

const atLeast = (version: Version, wanted: Version): boolean => {
  for (const [index, part] of version.entries()) {
    const difference = part - (wanted[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
};

export const toolTable: Readonly<Record<ToolName, ToolDefinition>> = {
  daprd: {
    files: ["daprd"],
    versionArguments: ["--version"],
    homeFolders: [".dapr/bin"],
    // 1.18.2 loses deliveries to gRPC apps ("use of closed network connection"); another minor has another wire and other components.
    refuse: (version) =>
      atLeast(version, [1, 18, 3]) && !atLeast(version, [1, 19, 0]) ? undefined : "1.18.3 or a later 1.18 is needed",
  },
  // It says no version; ours comes from the module that daprd comes from.
  sentry: {
    files: ["tandem-dapr-sentry"],
    versionArguments: ["--help"],
    homeFolders: [],
    refuse: () => undefined,
  },
  dapr: {
    files: ["dapr"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: (version) => (atLeast(version, [1, 16, 0]) ? undefined : "1.16 or later is needed"),
  },
  broker: {
    files: ["valkey-server", "redis-server"],
    versionArguments: ["--version"],
    homeFolders: [],
    // Dapr reclaims pending stream entries; XAUTOCLAIM and its relatives came with 6.2.
    refuse: (version) => (atLeast(version, [6, 2, 0]) ? undefined : "6.2 or later is needed"),
  },
  grpcurl: {
    files: ["grpcurl"],
    versionArguments: ["-version"],
    homeFolders: ["go/bin"],
    refuse: () => undefined,
  },
  // Started by a script of ours that no installer brings: its name cannot be taken for an installed server's.
  opensearch: {
    files: ["tandem-opensearch"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: (version) => (atLeast(version, [3, 0, 0]) ? undefined : "3.0 or later is needed"),
  },
  elasticsearch: {
    files: ["tandem-elasticsearch"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: (version) => (atLeast(version, [7, 10, 0]) ? undefined : "7.10 or later is needed"),
  },
  kafka: {
    files: ["tandem-kafka"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: (version) => (atLeast(version, [4, 0, 0]) ? undefined : "4.0 or later is needed"),
  },
  promtool: {
    files: ["promtool"],
    versionArguments: ["--version"],
    homeFolders: ["go/bin"],
    // Debian 12 has 2.42.
    refuse: (version) => (atLeast(version, [2, 42, 0]) ? undefined : "2.42 or later is needed"),
  },
  "k8s-gates": {
    files: ["k8s-gates"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: () => undefined,
  },
  tiltfile: {
    files: ["tandem-tiltfile"],
    versionArguments: ["--version"],
    homeFolders: [],
    refuse: () => undefined,
  },
};

/** The first `x.y.z` of what a program says about itself; [0, 0, 0] when it names none (a development build). */
export const parseVersion = (output: string): Version => {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(output);
  return match === null ? [0, 0, 0] : [Number(match[1]), Number(match[2]), Number(match[3])];
};
