import type { People } from "../people.ts";

/** How a command reaches the sidecar of one binary. */
export interface SidecarDoor {
  readonly url: string;
  /** What it wants to hear with every call: its token, where it has one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** For looking into the books of a platform at rest. */
export interface PlatformBooks {
  /** Connection strings by database name, from here. */
  readonly urls: ReadonlyMap<string, string>;
  readonly sidecarUrl: string;
}

/** A platform that runs somewhere, as the commands use it: by its one door, as its people. */
export interface Platform {
  readonly gatewayUrl: string;
  /** Behind the sidecars' port: ours in one process, or daprd. */
  readonly mode: "embedded" | "dapr";
  /** The process that holds it, when that is on this machine. */
  readonly pid?: number;
  readonly people: People;
  readonly passwordOf: (email: string) => string;
  /** The contexts that run. */
  contexts(): Promise<readonly string[]>;
  /** @throws Error that says why nobody can, from here */
  sidecarOf(appId: string): Promise<SidecarDoor>;
  /** @throws Error that says why nobody can, from here */
  books(): Promise<PlatformBooks>;
}

/** Which platform a command means: one on this machine, one behind an address, one in a cluster. */
export interface PlatformFlags {
  readonly portOffset: number;
  readonly platform?: "local" | "kubernetes";
  readonly gateway?: string;
  readonly context?: string;
  readonly namespace: string;
}
