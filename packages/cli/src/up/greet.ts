import { styleText } from "node:util";
import { placeDemoOrder } from "../place-demo-order.ts";
import { openClients, tokensFrom } from "../platform-clients.ts";
import type { ContextPlan } from "../platform-plan.ts";
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
  issuerUrl: string,
  progress: Progress,
): Promise<void> => {
  if (partial) {
    progress.say(styleText("dim", "With --only there is no seeded shop and no demonstration order."));
  } else {
    const staff = openClients(portOffset, tokensFrom(issuerUrl, { subject: "seed", roles: ["staff"] }));
    await progress.step("a small shop", () => seedWorld(staff));
    if (demo) {
      progress.say("");
      const customer = openClients(
        portOffset,
        tokensFrom(issuerUrl, { subject: demoCustomer.id, roles: ["customer"], customerId: demoCustomer.id }),
      );
      await placeDemoOrder({ customer, write: progress.say });
      progress.say(styleText("dim", `${(progress.elapsedMs() / 1000).toFixed(1)} s since the start`));
    }
  }
  for (const line of addressesOf(contexts, issuerUrl)) progress.say(line);
};

const addressesOf = (contexts: readonly ContextPlan[], issuerUrl: string): string[] => [
  "",
  ...contexts.map(
    ({ service, api }) =>
      `${service.context.padEnd(10)} http://127.0.0.1:${api.ports["REST"]} (REST, Connect, /openapi.json)   127.0.0.1:${api.ports["gRPC"]} (gRPC)`,
  ),
  `${"tokens".padEnd(10)} curl -s ${issuerUrl}/token -H 'content-type: application/json' -d '{"subject":"me","roles":["staff"]}'`,
  "",
  "Ctrl-C stops it. Elsewhere: npm run demo, npm run publish -- <topic> '<json>', npm run jobs, npm run dlq",
];
