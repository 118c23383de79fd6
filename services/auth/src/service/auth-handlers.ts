import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { type AuthService, GetJwksResponseSchema, GetOpenIdConfigurationResponseSchema } from "@tandem/contracts/auth";
import type { Clock } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makeChangePassword } from "../biz/change-password.ts";
import type { makeLogOut, makeRevokeSession } from "../biz/end-sessions.ts";
import type { makeIssueServiceToken } from "../biz/issue-service-token.ts";
import type { makeLogIn } from "../biz/log-in.ts";
import type { SessionReader, UserReader } from "../biz/ports.ts";
import type { makeRefreshSession } from "../biz/refresh-session.ts";
import type { makeRegister } from "../biz/register-user.ts";
import type { makeRequestEmailConfirmation, makeRequestPasswordReset } from "../biz/request-verification.ts";
import type { makeConfirmEmail, makeIssueVerificationToken, makeResetPassword } from "../biz/use-verification.ts";
import type { KeyRing } from "../crypto/key-ring.ts";
import { sessionToProto, tokensToProto, userToProto } from "../events/to-proto.ts";
import { noAccount, userNotFound } from "../model/errors.ts";
import { originOf } from "./origin.ts";

export interface AuthHandlersDeps {
  readonly users: UserReader;
  readonly sessions: SessionReader;
  readonly register: ReturnType<typeof makeRegister>;
  readonly logIn: ReturnType<typeof makeLogIn>;
  readonly refreshSession: ReturnType<typeof makeRefreshSession>;
  readonly logOut: ReturnType<typeof makeLogOut>;
  readonly revokeSession: ReturnType<typeof makeRevokeSession>;
  readonly changePassword: ReturnType<typeof makeChangePassword>;
  readonly issueServiceToken: ReturnType<typeof makeIssueServiceToken>;
  readonly requestEmailConfirmation: ReturnType<typeof makeRequestEmailConfirmation>;
  readonly confirmEmail: ReturnType<typeof makeConfirmEmail>;
  readonly requestPasswordReset: ReturnType<typeof makeRequestPasswordReset>;
  readonly resetPassword: ReturnType<typeof makeResetPassword>;
  readonly issueVerificationToken: ReturnType<typeof makeIssueVerificationToken>;
  readonly keyRing: Pick<KeyRing, "jwks">;
  readonly issuer: string;
  readonly clock: Clock;
  /** Throw when an address of the network tries too often. */
  readonly limitLogins: (context: HandlerContext) => void;
  readonly limitRegistrations: (context: HandlerContext) => void;
  readonly limitVerifications: (context: HandlerContext) => void;
}

const NO_STORE = "no-store";

export const makeAuthHandlers = (deps: AuthHandlersDeps): ServiceImpl<typeof AuthService> => {
  const { users, sessions } = deps;
  const principalOf = (context: HandlerContext) => callOf(context).principal;
  /** The caller's user id, when it is a user. */
  const self = (context: HandlerContext): string => {
    const { kind, subject } = principalOf(context);
    if (kind !== "user") throw noAccount();
    return subject;
  };
  const secretly = (context: HandlerContext): void => context.responseHeader.set("cache-control", NO_STORE);

  return {
    register: async ({ email, password, displayName, locale }, context) => {
      deps.limitRegistrations(context);
      return deps.register({ email, password, displayName, locale }, context.signal);
    },

    login: async ({ email, password }, context) => {
      deps.limitLogins(context);
      const { user, tokens } = await deps.logIn({ email, password, from: originOf(context) }, context.signal);
      secretly(context);
      return { tokens: tokensToProto(tokens), user: userToProto(user) };
    },

    refresh: async ({ refreshToken }, context) => {
      const tokens = await deps.refreshSession(refreshToken, context.signal);
      secretly(context);
      return { tokens: tokensToProto(tokens) };
    },

    logout: async ({ refreshToken }, { signal }) => {
      await deps.logOut(refreshToken, signal);
      return {};
    },

    issueServiceToken: async ({ client, clientSecret }, context) => {
      const { accessToken, expiresInS } = await deps.issueServiceToken(client, clientSecret);
      secretly(context);
      return { accessToken, expiresIn: expiresInS };
    },

    getMe: async (_, context) => {
      const user = await users.getById(self(context)).catch(() => undefined);
      if (user?.status !== "ACTIVE") throw noAccount();
      return { user: userToProto(user) };
    },

    changePassword: async ({ currentPassword, newPassword }, context) => {
      deps.limitLogins(context);
      const { sessionId } = principalOf(context);
      const sessionsRevoked = await deps.changePassword(
        { userId: self(context), sessionId, currentPassword, newPassword, from: originOf(context) },
        context.signal,
      );
      return { sessionsRevoked };
    },

    requestEmailConfirmation: async (_, context) => {
      await deps.requestEmailConfirmation(self(context), context.signal);
      return {};
    },

    confirmEmail: async ({ token }, context) => {
      deps.limitVerifications(context);
      await deps.confirmEmail(token, context.signal);
      return {};
    },

    requestPasswordReset: async ({ email }, context) => {
      deps.limitVerifications(context);
      await deps.requestPasswordReset(email, context.signal);
      return {};
    },

    resetPassword: async ({ token, newPassword }, context) => {
      deps.limitVerifications(context);
      await deps.resetPassword(token, newPassword, context.signal);
      return {};
    },

    issueVerificationToken: async ({ verificationId }, context) => {
      const { token, email, expiresAt } = await deps.issueVerificationToken(verificationId, context.signal);
      secretly(context);
      return { token, email, expiresAt: timestampFromDate(expiresAt) };
    },

    listSessions: async ({ userId, page }, context) => {
      const { permissions, sessionId, subject } = principalOf(context);
      const wanted = userId || self(context);
      if (wanted !== subject && !permissions.has("user.read")) throw userNotFound();
      if (wanted !== subject) await users.getById(wanted);
      const found = await sessions.listOpenByUserId(wanted, deps.clock.now(), readPage(page));
      return { sessions: found.items.map((session) => sessionToProto(session, sessionId)), page: writePage(found) };
    },

    revokeSession: async ({ sessionId }, context) => {
      const { permissions, subject } = principalOf(context);
      const mayTouch = (userId: string) => userId === subject || permissions.has("user.write");
      await deps.revokeSession({ sessionId, mayTouch }, context.signal);
      return {};
    },

    getJwks: async (_, context) => {
      context.responseHeader.set("cache-control", "public, max-age=300");
      return create(GetJwksResponseSchema, {
        document: rawJson("application/jwk-set+json", await deps.keyRing.jwks()),
      });
    },

    getOpenIdConfiguration: async (_, context) => {
      context.responseHeader.set("cache-control", "public, max-age=300");
      const document = rawJson("application/json", JSON.stringify(describe(deps.issuer)));
      return create(GetOpenIdConfigurationResponseSchema, { document });
    },
  };
};

const rawJson = (contentType: string, text: string) => ({ contentType, data: new TextEncoder().encode(text) });

const describe = (issuer: string) => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  token_endpoint: `${issuer}/auth/token`,
  id_token_signing_alg_values_supported: ["EdDSA"],
  subject_types_supported: ["public"],
  response_types_supported: [],
  grant_types_supported: ["client_credentials"],
  claims_supported: ["sub", "iss", "aud", "exp", "iat", "jti", "kind", "roles", "customer_id", "seller_id", "sid"],
});
