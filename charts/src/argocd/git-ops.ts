/** What an environment says about its Argo CD. */
export interface GitOps {
  /** As the repo server reaches it. */
  readonly repoUrl: string;
  /** Branch; a commit on it is a deployment. */
  readonly revision: string;
  /** API server of the cluster that is deployed to. */
  readonly cluster: string;
  /**
   * The contexts' Applications come from one ApplicationSet. False: they are written out, one wave for each, for an Argo
   * CD without the ApplicationSet controller or a cluster too small to start everything at once.
   */
  readonly applicationSet: boolean;
  /** Dapr's control plane from its Helm chart; absent: it is there already. */
  readonly daprChart?: { readonly version: string; readonly highlyAvailable: boolean };
  /** Who hears of a failure, and where the links in messages lead; absent: nobody. */
  readonly failuresTo?: { readonly service: "slack"; readonly recipient: string; readonly argocdUrl: string };
}
