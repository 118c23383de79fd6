import type { PodSecurityContext, SecurityContext } from "cdk8s-plus-33/lib/imports/k8s.js";

/** The user of the images. */
const NOBODY = 65_532;

/** Pod Security `restricted`, in full. */
export const podSecurity: PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  fsGroup: NOBODY,
  seccompProfile: { type: "RuntimeDefault" },
};

export const containerSecurity: SecurityContext = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
