import { renderDocument } from "./component-document.ts";
import type { ComponentEnvironment } from "./component-environment.ts";

const RESILIENCY_COMMENT = `Without a retry policy a failed message is lost, or with a dead-letter topic dead at once. The consumer counts its tries durably
and gives up first (8 by default); these ten, over some 25 s, are the net below it. They must end within processingTimeout.
The outbox relay and the callers have retries of their own: none is added on the way out.`;

const BREAKER_COMMENT = `A component that answered nothing but errors for 10 s is left alone for 5. One success keeps it closed: a changed etag counts as an error as well.
No app has a policy as a target, on purpose. daprd's breaker, one per path, counts every answer from 400 up: a few wrong passwords would close /auth/login for everybody. Its
timeout cuts streams. And any policy replaces the built-in one, which finds another replica when a connection breaks. The callers have breakers and deadlines that know an
outage from a refusal (packages/rpc, services/gateway).`;

/** How often a delivery is tried, and how long a component may take. */
export const renderResiliency = ({ namespace, kubernetes = false }: ComponentEnvironment): string => {
  const breaker = kubernetes ? { circuitBreaker: "component" } : {};
  const outbound = { outbound: { timeout: "store", ...breaker } };
  return renderDocument(
    {
      apiVersion: "dapr.io/v1alpha1",
      kind: "Resiliency",
      metadata: { name: "resiliency", ...(kubernetes ? { namespace } : {}) },
      spec: {
        policies: {
          retries: { delivery: { policy: "exponential", maxInterval: "5s", maxRetries: 9 } },
          timeouts: { delivery: "25s", store: "5s" },
          ...(kubernetes
            ? {
                circuitBreakers: {
                  component: {
                    maxRequests: 5,
                    interval: "10s",
                    timeout: "5s",
                    trip: "requests >= 20 && totalFailures == requests",
                  },
                },
              }
            : {}),
        },
        targets: {
          components: {
            pubsub: { inbound: { retry: "delivery", timeout: "delivery" }, ...outbound },
            statestore: outbound,
            ...(kubernetes ? { gatewaystore: outbound, lockstore: outbound } : {}),
          },
        },
      },
    },
    kubernetes ? `${RESILIENCY_COMMENT}\n${BREAKER_COMMENT}` : RESILIENCY_COMMENT,
  );
};
