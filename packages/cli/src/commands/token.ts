import type { Command } from "commander";
import { findRunning } from "../find-running.ts";
import { portOffsetOption } from "./common-options.ts";

export const addTokenCommand = (program: Command): void => {
  program
    .command("token")
    .description("an access token of the platform that runs: of its operator, or of a customer, registered if need be")
    .argument("[email]", "a customer's address; absent: the operator, staff and operator in one")
    .addOption(portOffsetOption())
    .action(async (email: string | undefined, { portOffset }: { portOffset: number }) => {
      const { people } = await findRunning(portOffset);
      const token = email === undefined ? people.operator : people.customer({ email, name: email.split("@")[0] ?? "" });
      process.stdout.write(`${await token()}\n`);
    });
};
