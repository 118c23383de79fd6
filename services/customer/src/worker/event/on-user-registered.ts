import { UserRegisteredSchema } from "@tandem/contracts/auth";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeRegisterCustomer } from "../../biz/register-customer.ts";
import { registrationFromProto } from "../../events/from-proto.ts";

/**
 * Opens a profile. Again, or after the person was forgotten: nothing. After the first orders (they may be faster): with the figures
 * that they have left. A user who is no customer: nothing.
 */
export const onUserRegistered = (deps: {
  readonly registerCustomer: ReturnType<typeof makeRegisterCustomer>;
}): Consumer =>
  defineConsumer({
    name: "customer.on-user-registered",
    event: UserRegisteredSchema,
    handle: async (event, { signal }) => {
      const registration = registrationFromProto(event);
      if (registration) await deps.registerCustomer(registration, signal);
    },
  });
