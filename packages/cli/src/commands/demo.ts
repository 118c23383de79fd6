import { OrderStatus } from "@tandem/contracts/order";
import type { Command } from "commander";
import { openDoor } from "../demo/open-door.ts";
import { placeDemoOrder } from "../demo/place-demo-order.ts";
import { findRunning } from "../find-running.ts";
import { demoCustomer } from "../world.ts";
import { portOffsetOption } from "./common-options.ts";

export const addDemoCommand = (program: Command): void => {
  program
    .command("demo")
    .description("places the demonstration order on the platform that runs, and prints its timeline")
    .addOption(portOffsetOption())
    .option(
      "--card <token>",
      "tok_visa, tok_declined, tok_insufficient_funds, tok_timeout, tok_late, tok_flaky",
      "tok_visa",
    )
    .action(async ({ portOffset, card }: { portOffset: number; card: string }) => {
      const { people } = await findRunning(portOffset);
      const customer = openDoor(portOffset, people.customer(demoCustomer));
      const { status } = await placeDemoOrder({
        customer,
        write: (line) => process.stdout.write(`${line}\n`),
        cardToken: card,
      });
      if (status !== OrderStatus.COMPLETED) process.exitCode = 1;
    });
};
