/** Where a client's calls go. */
export type Target =
  /** Straight to a server's HTTP port (`http://order-api:8001`), or with `protocol: "grpc"` to its gRPC port. */
  | { readonly kind: "direct"; readonly baseUrl: string; readonly protocol?: "connect" | "grpc" }
  /** Through the own sidecar, which finds the callee, encrypts and retries connections. */
  | { readonly kind: "sidecar"; readonly daprHttpUrl: string; readonly appId: string; readonly daprApiToken?: string };

export const direct = (baseUrl: string, protocol: "connect" | "grpc" = "connect"): Target => ({
  kind: "direct",
  baseUrl,
  protocol,
});

export const viaSidecar = (daprHttpUrl: string, appId: string, daprApiToken?: string): Target => ({
  kind: "sidecar",
  daprHttpUrl,
  appId,
  ...(daprApiToken === undefined ? {} : { daprApiToken }),
});

/** Headers that the way there needs. */
export const headersOf = (target: Target): Readonly<Record<string, string>> =>
  target.kind === "direct"
    ? {}
    : {
        "dapr-app-id": target.appId,
        ...(target.daprApiToken === undefined ? {} : { "dapr-api-token": target.daprApiToken }),
      };
