export interface AppPorts {
  readonly appPort: number;
  readonly protocol: "grpc" | "http";
}

export interface SidecarPorts {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** What callers of the sidecars send, and what the sidecars send to the apps. */
export const apiToken = "token-of-the-sidecar";
export const appApiToken = "token-of-the-app";

/** Sidecars that run, in processes of their own. */
export interface RunningSidecars extends AsyncDisposable {
  ports(appId: string): SidecarPorts;
  /** Kills the sidecar of the app (or the process that it is in) without warning, and starts it anew on the same ports. */
  crash(appId: string): Promise<void>;
}

export interface Implementation {
  readonly name: "embedded" | "daprd";
  start(apps: Readonly<Record<string, AppPorts>>): Promise<RunningSidecars>;
}
