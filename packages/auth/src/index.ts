export {
  ALLOWED_ALGORITHMS,
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
} from "./authenticator.ts";
export {
  ACT_FOR_ANY_CUSTOMER,
  ACT_FOR_ANY_SELLER,
  assertMayActFor,
  authorize,
  mayActFor,
  mayActForSeller,
} from "./authorize.ts";
export { createDevIssuer, type DevIssuer, type DevIssuerOptions } from "./dev-issuer.ts";
export { type ClientCredentials, exchangeCredentials } from "./exchange-credentials.ts";
export { type KeyPair, keyPairOf, newPrivateJwk } from "./key-file.ts";
export { anonymous, type Principal, principalOf } from "./principal.ts";
export { isRole, permissionsOf, type Role, rolePermissions, roles } from "./roles.ts";
export { servicePermissions, serviceSubjectOf } from "./service-permissions.ts";
export {
  createServiceTokenSource,
  type ServiceTokenSource,
  type ServiceTokenSourceOptions,
} from "./service-token-source.ts";
export { MAX_TTL_SECONDS, type SigningKey, signToken, type TokenClaims } from "./sign-token.ts";
export { type TokenFault, tokenError, tokenFaults } from "./slugs.ts";
