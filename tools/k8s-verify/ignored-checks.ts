/** The checks of kube-score that are left out, and why. All others must find nothing critical. */
export const ignoredChecks: Readonly<Record<string, string>> = {
  "container-image-pull-policy":
    "Images are named by digest, or by a tag that a local cluster has loaded: with Always no pod restarts while the registry is away.",
  "container-ephemeral-storage-request-and-limit":
    "Root file systems are read-only, logs go to stdout, and what may be written is an emptyDir with a size limit of its own.",
};
