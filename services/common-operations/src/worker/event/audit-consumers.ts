import { timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { LoginFailedSchema, SessionEnd, SessionRevokedSchema } from "@tandem/contracts/auth";
import { AuditRecordedSchema } from "@tandem/contracts/common-operations";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { AppError } from "@tandem/kernel";
import { type Consumer, type ConsumerContext, defineConsumer } from "@tandem/messaging";
import { currentContext, maskDeep } from "@tandem/runtime";
import type { makeRecordAudit } from "../../biz/keep-audit.ts";
import type { AuditedAction } from "../../model/audit.ts";

type Told = Pick<AuditedAction, "actor" | "action" | "context" | "targetKind" | "target"> & {
  readonly details?: object;
};

/**
 * What people do, into the chain: `audit.recorded` of any context, and what auth and customer say about accounts. Early and late mean
 * nothing: the chain is in the order of arrival, each entry says when it happened. Again: an entry is known by its id.
 */
export const auditConsumers = (deps: { readonly recordAudit: ReturnType<typeof makeRecordAudit> }): Consumer[] => {
  const record = (told: Told, occurredAt: Date, { id, signal }: ConsumerContext, entryId = id) =>
    deps.recordAudit(
      {
        ...told,
        entryId,
        occurredAt,
        details: told.details ? JSON.stringify(maskDeep(told.details)) : "",
        correlationId: currentContext()?.correlationId ?? "",
      },
      signal,
    );
  const at = (
    message: { readonly occurredAt?: Parameters<typeof timestampDate>[0] | undefined },
    context: ConsumerContext,
  ) => (message.occurredAt ? timestampDate(message.occurredAt) : (context.time ?? new Date(0)));

  return [
    defineConsumer({
      name: "common-operations.on-audit-recorded",
      event: AuditRecordedSchema,
      handle: (message, context) => {
        const { entryId, actor, action, context: where, targetKind, target, details } = message;
        if (!actor || !action)
          throw new AppError("invalid_argument", "event.incomplete", `Audit entry ${entryId} lacks who or what.`);
        const told = { actor, action, context: where, targetKind, target, details: objectOf(entryId, details) };
        return record(told, at(message, context), context, entryId);
      },
    }),
    defineConsumer({
      name: "common-operations.on-auth-login-failed",
      event: LoginFailedSchema,
      handle: async (message, context) => {
        if (!message.lockedUntil) return; // a typing error is nobody's deed
        const account = { context: "auth", targetKind: "user", target: message.userId };
        const details = { failedAttempts: message.failedAttempts };
        await record(
          { ...account, actor: "anonymous", action: "account.lock", details },
          at(message, context),
          context,
        );
      },
    }),
    defineConsumer({
      name: "common-operations.on-auth-session-revoked",
      event: SessionRevokedSchema,
      handle: (message, context) => {
        const reason = enumName(SessionEnd, message.reason).toLowerCase().replaceAll("_", "-");
        const session = { context: "auth", targetKind: "session", target: message.sessionId };
        const told = { ...session, actor: message.userId, action: "session.end", details: { reason } };
        return record(told, at(message, context), context);
      },
    }),
    defineConsumer({
      name: "common-operations.on-customer-updated",
      event: CustomerUpdatedSchema,
      handle: async (message, context) => {
        if (message.change !== CustomerChange.ERASED) return;
        const { customerId } = message;
        const told = { context: "customer", targetKind: "customer", target: customerId, action: "customer.erase" };
        await record({ ...told, actor: customerId }, at(message, context), context);
      },
    }),
  ];
};

const objectOf = (entryId: string, details: string): { readonly details?: object } | undefined => {
  if (details === "") return undefined;
  try {
    const value: unknown = JSON.parse(details);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // told below
  }
  throw new AppError(
    "invalid_argument",
    "event.incomplete",
    `The details of audit entry ${entryId} are no JSON object.`,
  );
};
