import type { Command } from "commander";
import { findPlatform } from "../platform/find-platform.ts";
import type { PlatformFlags } from "../platform/platform.ts";
import { withPlatform } from "./common-options.ts";

export const addTokenCommand = (program: Command): void => {
  withPlatform(program.command("token"))
    .description("an access token of the platform that runs: of its operator, or of a customer, registered if need be")
    .argument("[email]", "a customer's address; absent: the operator, staff and operator in one")
    .action(async (email: string | undefined, flags: PlatformFlags) => {
      const { people } = await findPlatform(flags);
      const token = email === undefined ? people.operator : people.customer({ email, name: email.split("@")[0] ?? "" });
      process.stdout.write(`${await token()}\n`);
    });
};
