/** Pods of a namespace, or addresses outside of the cluster. */
export type Selector =
  | { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> }
  | { readonly cidr: string; readonly except?: readonly string[] };
