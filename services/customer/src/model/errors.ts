import { AppError } from "@tandem/kernel";

export const customerNotFound = (customerId: string) =>
  new AppError("not_found", "customer.not_found", `There is no customer ${customerId}.`, {
    details: [{ field: "customerId", rule: "exists", message: "unknown customer" }],
  });

export const addressNotFound = (addressId: string) =>
  new AppError("not_found", "customer.address_not_found", `The customer has no address ${addressId}.`, {
    details: [{ field: "addressId", rule: "exists", message: "unknown address" }],
  });

export const versionConflict = (current: bigint) =>
  new AppError("conflict", "customer.version_conflict", `The profile has changed: it is at version ${current}.`, {
    retryable: false,
    details: [{ field: "version", rule: "current", message: `version ${current}` }],
  });

export const addressLimit = (most: number) =>
  new AppError("failed_precondition", "customer.address_limit", `A customer keeps at most ${most} addresses.`, {
    details: [{ field: "address", rule: "max_items", message: `at most ${most}` }],
  });

/** Says nothing of the address that would have been right. */
export const confirmationMismatch = () =>
  new AppError(
    "failed_precondition",
    "customer.confirmation_mismatch",
    "Erasing needs the account's own e-mail address as confirmation.",
    { details: [{ field: "confirmEmail", rule: "matches", message: "not this account's address" }] },
  );

export const customerErased = (customerId: string) =>
  new AppError("failed_precondition", "customer.erased", `Customer ${customerId} has been forgotten.`);

export const timeZoneUnknown = () =>
  new AppError("invalid_argument", "request.invalid", "There is no such time zone.", {
    details: [{ field: "timeZone", rule: "iana", message: "a name of the IANA database, like Europe/Berlin" }],
  });
