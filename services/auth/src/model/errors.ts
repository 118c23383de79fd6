import { AppError } from "@tandem/kernel";

export const credentialsInvalid = () =>
  new AppError("unauthenticated", "auth.credentials_invalid", "E-mail address and password do not match.");

/** The same for every address, known or not. */
export const accountLocked = (until: Date) =>
  new AppError(
    "resource_exhausted",
    "auth.account_locked",
    `Too many failed attempts for this address. Try again at ${until.toISOString()}.`,
    { retryable: false, details: [{ field: "email", rule: "locked_until", message: until.toISOString() }] },
  );

export const passwordWeak = (rule: string, message: string) =>
  new AppError("invalid_argument", "auth.password_weak", message, { details: [{ field: "password", rule, message }] });

export const emailInvalid = () =>
  new AppError("invalid_argument", "auth.email_invalid", "This is no e-mail address.", {
    details: [{ field: "email", rule: "email", message: "name@example.com" }],
  });

export const emailTaken = () =>
  new AppError("already_exists", "auth.email_taken", "Another user has this e-mail address.", {
    details: [{ field: "email", rule: "unique", message: "taken" }],
  });

export const refreshTokenInvalid = () =>
  new AppError("unauthenticated", "auth.refresh_token_invalid", "The refresh token is not valid. Log in again.");

export const userNotFound = () => new AppError("not_found", "auth.user_not_found", "There is no such user.");

export const sessionNotFound = () => new AppError("not_found", "auth.session_not_found", "There is no such session.");

export const roleNotGrantable = (message: string) =>
  new AppError("permission_denied", "auth.role_not_grantable", message);

export const sellerRequired = () =>
  new AppError("invalid_argument", "auth.seller_required", "The role seller and a seller's id go together.", {
    details: [{ field: "sellerId", rule: "with_role_seller", message: "with the role seller, and only then" }],
  });

export const clientInvalid = () =>
  new AppError("unauthenticated", "auth.client_invalid", "The service's id or its secret is wrong.");

export const tooManyAttempts = (seconds: number) =>
  new AppError(
    "resource_exhausted",
    "auth.too_many_attempts",
    `Too many attempts from this address of the network. Try again in ${seconds} s.`,
  );

export const verificationInvalid = () =>
  new AppError(
    "unauthenticated",
    "auth.verification_invalid",
    "This token does not work, or does not work any more. Ask for another mail.",
  );

export const verificationOver = () =>
  new AppError("failed_precondition", "auth.verification_over", "There is nothing to be sent any more.");

export const noAccount = () =>
  new AppError("failed_precondition", "auth.no_account", "The caller is no user of this context.");
