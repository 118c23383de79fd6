import { styleText } from "node:util";
import { openDoor } from "../demo/open-door.ts";
import { placeDemoOrder } from "../demo/place-demo-order.ts";
import { OPERATOR_EMAIL } from "../local-settings.ts";
import type { People } from "../people.ts";
import { openClients } from "../platform-clients.ts";
import { type BinaryPlan, type ContextPlan, gatewayUrl, inboxHttpPort } from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { seedWorld } from "../seed-world.ts";
import { demoCustomer } from "../world.ts";

export interface GreetOptions {
  readonly demo: boolean;
  readonly portOffset: number;
  /** A part of the platform cannot complete an order. */
  readonly partial: boolean;
}

/** The small shop, the demonstration order, and where everything is. */
export const greet = async (
  { demo, portOffset, partial }: GreetOptions,
  contexts: readonly ContextPlan[],
  gateway: BinaryPlan,
  people: People,
  progress: Progress,
): Promise<void> => {
  if (partial) {
    progress.say(styleText("dim", "With --only there is no seeded shop and no demonstration order."));
  } else {
    const staff = openClients(portOffset, people.operator);
    await progress.step("a small shop", () => seedWorld(staff));
    if (demo) {
      progress.say("");
      const customer = openDoor(gatewayUrl(portOffset), people.customer(demoCustomer));
      // With real sidecars a message that one had in hand when it stalled comes again after half a minute.
      await placeDemoOrder({ customer, write: progress.say, timeoutMs: 150_000 });
      progress.say(styleText("dim", `${(progress.elapsedMs() / 1000).toFixed(1)} s since the start`));
    }
  }
  for (const line of addressesOf(contexts, gateway, portOffset)) progress.say(line);
};

const addressesOf = (contexts: readonly ContextPlan[], gateway: BinaryPlan, portOffset: number): string[] => [
  "",
  `${"gateway".padEnd(18)} http://127.0.0.1:${gateway.ports["REST"]} (everything below; /docs to try it, /health)   127.0.0.1:${gateway.ports["gRPC"]} (gRPC)`,
  ...contexts.map(
    ({ service, api }) =>
      `${service.context.padEnd(18)} http://127.0.0.1:${api.ports["REST"]} (REST, Connect, /openapi.json)   127.0.0.1:${api.ports["gRPC"]} (gRPC)`,
  ),
  ...(contexts.some(({ service }) => service.context === "notification")
    ? [`${"inbox".padEnd(18)} http://127.0.0.1:${inboxHttpPort(portOffset)} (the mail that customers would get)`]
    : []),
  `${"tokens".padEnd(18)} npm run -s token (${OPERATOR_EMAIL}, staff and operator), npm run -s token -- you@example.com (a customer)`,
  "",
  "Ctrl-C stops it. Elsewhere: npm run demo, npm run publish -- <topic> '<json>', npm run jobs, npm run dlq",
];
