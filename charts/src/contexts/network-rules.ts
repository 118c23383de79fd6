import { IntOrString, type NetworkPolicyPeer, type NetworkPolicyPort } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Selector } from "../environments/network-peer.ts";

/** A policy's side of the wire: who, and at which ports of the pods (a Service's ports are not seen here). */
export const peerOf = (selector: Selector): NetworkPolicyPeer =>
  "cidr" in selector
    ? { ipBlock: { cidr: selector.cidr, ...(selector.except === undefined ? {} : { except: [...selector.except] }) } }
    : {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": selector.namespace } },
        ...(selector.labels === undefined ? {} : { podSelector: { matchLabels: selector.labels } }),
      };

export const tcp = (...ports: readonly number[]): NetworkPolicyPort[] =>
  ports.map((port) => ({ protocol: "TCP", port: IntOrString.fromNumber(port) }));
