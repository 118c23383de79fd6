import { openKubectl } from "./kubectl.ts";
import { openKubernetesPlatform } from "./open-kubernetes-platform.ts";
import { openLocalPlatform } from "./open-local-platform.ts";
import { credentialsFrom, openRemotePlatform } from "./open-remote-platform.ts";
import type { Platform, PlatformFlags } from "./platform.ts";

export { type Kubectl, openKubectl } from "./kubectl.ts";
export type { Platform, PlatformBooks, PlatformFlags } from "./platform.ts";

/** The platform that a command means. @throws Error that says what is missing, and where to get it */
export const findPlatform = async (flags: PlatformFlags): Promise<Platform> => {
  const { platform, gateway, context, namespace, portOffset } = flags;
  if (platform === "kubernetes" || (platform === undefined && context !== undefined))
    return openKubernetesPlatform(await openKubectl(context), { namespace, gateway });
  if (platform === undefined && gateway !== undefined) return openRemotePlatform(gateway, credentialsFrom(process.env));
  return openLocalPlatform(portOffset);
};
