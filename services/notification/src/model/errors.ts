import { AppError } from "@tandem/kernel";

export const notificationNotFound = (notificationId: string) =>
  new AppError("not_found", "notification.not_found", `There is no notification ${notificationId}.`, {
    details: [{ field: "notificationId", rule: "exists", message: "unknown notification" }],
  });

export const templateNotFound = (name: string) =>
  new AppError("not_found", "notification.template_not_found", `There is no template ${name}.`, {
    details: [{ field: "name", rule: "exists", message: "unknown template" }],
  });

export const templateInvalid = (field: string, message: string) =>
  new AppError("invalid_argument", "notification.template_invalid", `The template cannot be used: ${message}.`, {
    details: [{ field, rule: "template", message }],
  });

export const variableMissing = (name: string, problem = "there is no value for it") =>
  new AppError("invalid_argument", "notification.variable_missing", `The variable ${name} is of no use: ${problem}.`, {
    details: [{ field: name, rule: "required", message: problem }],
  });

export const versionConflict = (what: string) =>
  new AppError("conflict", "notification.version_conflict", `${what} changed meanwhile: read it again.`);

export const preferenceLocked = (category: string) =>
  new AppError(
    "failed_precondition",
    "notification.preference_locked",
    `E-mails about ${category} cannot be switched off.`,
    {
      details: [{ field: "categories", rule: "locked", message: `email of ${category} stays on` }],
    },
  );

export const unsubscribeInvalid = () =>
  new AppError("not_found", "notification.unsubscribe_invalid", "This link is not one that we gave out.");

export const notResendable = (why: string) =>
  new AppError("failed_precondition", "notification.not_resendable", `It cannot be sent again: ${why}.`);

/** The provider will never take the message: another try changes nothing. */
export const rejected = (why: string, cause?: unknown) =>
  new AppError("failed_precondition", "notification.rejected", why, { retryable: false, cause });

/** The provider does not take it now, or nobody knows whether it did. */
export const providerUnavailable = (why: string, cause?: unknown) =>
  new AppError("unavailable", "notification.provider_unavailable", why, { cause });
