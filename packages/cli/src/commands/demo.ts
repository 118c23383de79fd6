import { OrderStatus } from "@tandem/contracts/order";
import type { Command } from "commander";
import { openDoor } from "../demo/open-door.ts";
import { patiently } from "../demo/patiently.ts";
import { placeDemoOrder } from "../demo/place-demo-order.ts";
import { findPlatform } from "../platform/find-platform.ts";
import type { PlatformFlags } from "../platform/platform.ts";
import { openClientsAt } from "../platform-clients.ts";
import { seedWorld } from "../seed-world.ts";
import { demoCustomer } from "../world.ts";
import { durationOption, withPlatform } from "./common-options.ts";

/** A cluster that has just begun, on two cores, is slow. */
const CALL_TIMEOUT_MS = 30_000;

export const addDemoCommand = (program: Command): void => {
  withPlatform(program.command("demo"))
    .description("places the demonstration order on the platform that runs, and prints its timeline")
    .option(
      "--card <token>",
      "tok_visa, tok_declined, tok_insufficient_funds, tok_timeout, tok_late, tok_flaky",
      "tok_visa",
    )
    .addOption(durationOption("--timeout <duration>", "for the order to end, from when it is placed", "60s"))
    .action(async ({ card, timeout, ...flags }: PlatformFlags & { card: string; timeout: number }) => {
      const { gatewayUrl, people } = await findPlatform(flags);
      // A platform that somebody else started may have no shop yet.
      const staff = openClientsAt(() => gatewayUrl, people.operator, CALL_TIMEOUT_MS);
      await patiently("a small shop", () => seedWorld(staff), timeout);
      const customer = openDoor(gatewayUrl, people.customer(demoCustomer), CALL_TIMEOUT_MS);
      const { status } = await placeDemoOrder({
        customer,
        write: (line) => process.stdout.write(`${line}\n`),
        cardToken: card,
        timeoutMs: timeout,
      });
      if (status !== OrderStatus.COMPLETED) process.exitCode = 1;
    });
};
