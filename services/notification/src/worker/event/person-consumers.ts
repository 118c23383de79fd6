import {
  LoginFailedSchema,
  SessionEnd,
  SessionRevokedSchema,
  UserRegisteredSchema,
  VerificationPurpose,
  VerificationRequestedSchema,
} from "@tandem/contracts/auth";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { CartUpdatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowCart } from "../../biz/follow-cart.ts";
import type { makeEraseContact, makeRegisterContact, makeUpdateContact } from "../../biz/follow-contact.ts";
import type { makeNotifyCustomer } from "../../biz/notify.ts";
import { cartFromProto, eventIncomplete, idFrom, timeValue } from "../../events/from-proto.ts";
import { templateNamed } from "../../model/templates/template-catalogue.ts";

/** A person's id as orders carry it; people without a customer's go by their own. */
const personOf = ({ userId, customerId }: { readonly userId: string; readonly customerId: string }): string =>
  idFrom(`user ${userId}`, "user_id", customerId || userId);

/** Takes the address and says welcome. After the profile: changes no address. After the erasure: neither. */
export const onUserRegistered = (deps: {
  readonly registerContact: ReturnType<typeof makeRegisterContact>;
}): Consumer =>
  defineConsumer({
    name: "notification.on-user-registered",
    event: UserRegisteredSchema,
    handle: (event, { id, signal, carryInbox }) => {
      const customerId = personOf(event);
      const { email, displayName, locale } = event;
      if (email === "") throw eventIncomplete(`user ${event.userId}`, "email");
      const welcome = { causeEventId: id, template: templateNamed("auth.user_registered"), customerId, variables: {} };
      return deps.registerContact(
        { customerId, facts: { email, displayName, locale }, welcome },
        { signal, once: carryInbox() },
      );
    },
  });

/** Where the pages lie on which a token is used; undefined: the mail shows the token alone. */
export type AccountLink = (page: "confirm-email" | "reset-password") => string | undefined;

/**
 * Writes a mail for a token that it does not know: whoever sends it asks for it. The address is taken as at the registration. A purpose of the
 * future is nobody's mail yet.
 */
export const onVerificationRequested = (deps: {
  readonly registerContact: ReturnType<typeof makeRegisterContact>;
  readonly accountLink: AccountLink;
}): Consumer =>
  defineConsumer({
    name: "notification.on-verification-requested",
    event: VerificationRequestedSchema,
    handle: async (event, { id, signal, carryInbox }) => {
      const mail = verificationMails[event.purpose];
      if (!mail) return;
      const customerId = personOf(event);
      const { email, displayName, locale } = event;
      if (email === "") throw eventIncomplete(`user ${event.userId}`, "email");
      const variables = {
        code: idFrom(`user ${event.userId}`, "verification_id", event.verificationId),
        link: deps.accountLink(mail.page) ?? "",
        expiresAt: timeValue(`user ${event.userId}`, event.expiresAt),
      };
      const welcome = { causeEventId: id, template: templateNamed(mail.template), customerId, variables };
      await deps.registerContact(
        { customerId, facts: { email, displayName, locale }, welcome },
        { signal, once: carryInbox() },
      );
    },
  });

const verificationMails: Readonly<
  Record<number, { readonly template: string; readonly page: Parameters<AccountLink>[0] }>
> = {
  [VerificationPurpose.CONFIRM_EMAIL]: { template: "auth.confirm_email", page: "confirm-email" },
  [VerificationPurpose.RESET_PASSWORD]: { template: "auth.reset_password", page: "reset-password" },
};

/** Follows the profile, the highest version counts. ERASED forgets the person for good. */
export const onCustomerUpdated = (deps: {
  readonly updateContact: ReturnType<typeof makeUpdateContact>;
  readonly eraseContact: ReturnType<typeof makeEraseContact>;
}): Consumer =>
  defineConsumer({
    name: "notification.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: ({ customerId: wanted, aggregateVersion, change, customer }, { signal, carryInbox }) => {
      const customerId = idFrom(`customer ${wanted}`, "customer_id", wanted);
      if (change === CustomerChange.ERASED)
        return deps.eraseContact(customerId, aggregateVersion, { signal, once: carryInbox() });
      if (!customer) throw eventIncomplete(`customer ${customerId}`, "the customer");
      const { email, phone, displayName, locale, timeZone } = customer;
      return deps.updateContact(
        customerId,
        aggregateVersion,
        { email, phone, displayName, locale, timeZone },
        { signal, once: carryInbox() },
      );
    },
  });

/** Warns when failed attempts have locked the account, once in a series: not of single failures, nor of every lock after the first. */
export const onLoginFailed = (deps: {
  readonly notifyCustomer: ReturnType<typeof makeNotifyCustomer>;
  /** How long a warning is enough. */
  readonly onceInMs: number;
}): Consumer =>
  defineConsumer({
    name: "notification.on-login-failed",
    event: LoginFailedSchema,
    handle: async (event, { id, signal, carryInbox, ignore }) => {
      if (!event.lockedUntil) return ignore();
      const variables = {
        failedAttempts: event.failedAttempts,
        lockedUntil: timeValue(`user ${event.userId}`, event.lockedUntil),
        ip: event.ip,
      };
      const template = templateNamed("auth.login_locked");
      const customerId = personOf(event);
      await deps.notifyCustomer(
        { causeEventId: id, template, customerId, variables, onceInMs: deps.onceInMs },
        { signal, once: carryInbox() },
      );
    },
  });

/** Warns when a session was ended because its token was used twice. */
export const onSessionRevoked = (deps: { readonly notifyCustomer: ReturnType<typeof makeNotifyCustomer> }): Consumer =>
  defineConsumer({
    name: "notification.on-session-revoked",
    event: SessionRevokedSchema,
    handle: async (event, { id, signal, carryInbox, ignore }) => {
      if (event.reason !== SessionEnd.TOKEN_REUSED) return ignore();
      const variables = { at: timeValue(`session ${event.sessionId}`, event.occurredAt) };
      const template = templateNamed("auth.session_revoked");
      await deps.notifyCustomer(
        { causeEventId: id, template, customerId: personOf(event), variables },
        { signal, once: carryInbox() },
      );
    },
  });

/** Remembers what a cart held last. Older than what is known: nothing. */
export const onCartUpdated = (deps: { readonly followCart: ReturnType<typeof makeFollowCart> }): Consumer =>
  defineConsumer({
    name: "notification.on-cart-updated",
    event: CartUpdatedSchema,
    handle: (event, { id, signal, carryInbox }) =>
      deps.followCart(cartFromProto(event, id), { signal, once: carryInbox() }),
  });
