import { setTimeout as sleep } from "node:timers/promises";
import type { ApiParts, Platform } from "@tandem/chassis";
import { AuthService, UserService } from "@tandem/contracts/auth";
import { isAppError, newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makeChangePassword } from "../biz/change-password.ts";
import { makeCheckCredentials } from "../biz/check-credentials.ts";
import { makeLogOut, makeRevokeSession } from "../biz/end-sessions.ts";
import { makeIssueServiceToken } from "../biz/issue-service-token.ts";
import { makeIssueTokens } from "../biz/issue-tokens.ts";
import { makeLogIn } from "../biz/log-in.ts";
import { makeAssignRoles, makeUnlockUser } from "../biz/manage-users.ts";
import type { EvenOut } from "../biz/ports.ts";
import { makeRefreshSession } from "../biz/refresh-session.ts";
import { makeCreateUser, makeRegister } from "../biz/register-user.ts";
import { makeRequestEmailConfirmation, makeRequestPasswordReset } from "../biz/request-verification.ts";
import { makeRotateKeys } from "../biz/rotate-keys.ts";
import { makeConfirmEmail, makeIssueVerificationToken, makeResetPassword } from "../biz/use-verification.ts";
import type { authApiConfig } from "../config/config.ts";
import { createArgon2Passwords } from "../crypto/argon2-passwords.ts";
import { createCheckClient } from "../crypto/check-client.ts";
import { createKeyRing } from "../crypto/key-ring.ts";
import { createKeyVault } from "../crypto/key-vault.ts";
import { createRefreshTokens, createThrottleKey } from "../crypto/refresh-tokens.ts";
import { createVerificationTokens } from "../crypto/verification-tokens.ts";
import { makeSessionReader } from "../data/session-reader.ts";
import { makeSigningKeyReader } from "../data/signing-key-reader.ts";
import { makeThrottleReader } from "../data/throttle-reader.ts";
import { makeAuthUnitOfWork } from "../data/unit-of-work.ts";
import { makeUserReader } from "../data/user-reader.ts";
import { makeAuthHandlers } from "../service/auth-handlers.ts";
import { limitAttempts } from "../service/origin.ts";
import { makeUserHandlers } from "../service/user-handlers.ts";
import { countOutcomes } from "./count-outcomes.ts";
import { prepareStart } from "./prepare-start.ts";

const DAY_MS = 86_400_000;

export const composeApi = async (platform: Platform<z.output<typeof authApiConfig>>): Promise<ApiParts> => {
  const { database, outbox, clock, config, log, metrics, health, shutdown } = platform;
  const master = config.AUTH_KEY_ENCRYPTION_KEY;
  const previous = config.AUTH_KEY_ENCRYPTION_KEY_PREVIOUS;
  const uow = makeAuthUnitOfWork(database, outbox);
  const users = makeUserReader(database.orm);
  const passwords = createArgon2Passwords({
    memoryKib: config.ARGON2_MEMORY_KIB,
    passes: config.ARGON2_PASSES,
    parallelism: config.ARGON2_PARALLELISM,
    concurrency: config.ARGON2_CONCURRENCY,
    maxQueued: config.ARGON2_QUEUE,
    metrics,
  });
  const refreshTokens = createRefreshTokens(master);
  const throttleKeyOf = createThrottleKey(master);
  const vault = createKeyVault(previous ? [master, previous] : [master]);
  const keyRing = createKeyRing({
    keys: makeSigningKeyReader(database.orm),
    vault,
    issuer: config.AUTH_ISSUER,
    audience: config.AUTH_AUDIENCE,
    clock,
  });
  const sessionPolicy = {
    idleMs: config.SESSION_IDLE_MS,
    maxMs: config.SESSION_MAX_MS,
    graceMs: config.REFRESH_GRACE_MS,
  };
  const rotateKeys = makeRotateKeys({
    uow,
    keys: vault,
    policy: {
      rotateAfterMs: config.KEY_ROTATE_AFTER_MS,
      leadMs: config.KEY_LEAD_MS,
      retainMs: config.KEY_RETAIN_MS,
    },
    clock,
  });
  const evenOut: EvenOut = async (sinceMs) => {
    const leftMs = config.ANSWER_FLOOR_MS - (performance.now() - sinceMs);
    if (leftMs > 0) await sleep(leftMs);
  };
  const outcomes = countOutcomes(metrics, log);
  const checkCredentials = outcomes.ofLogins(
    makeCheckCredentials({
      uow,
      passwords,
      throttleKeyOf,
      policy: {
        threshold: config.LOGIN_LOCK_THRESHOLD,
        baseLockMs: config.LOGIN_LOCK_MS,
        maxLockMs: config.LOGIN_LOCK_MAX_MS,
        forgetMs: config.LOGIN_FORGET_MS,
      },
      clock,
    }),
  );
  const issueTokens = makeIssueTokens({ signer: keyRing, clock, accessTtlS: config.ACCESS_TOKEN_TTL_S });
  const ttls = { CONFIRM_EMAIL: config.CONFIRM_EMAIL_TTL_MS, RESET_PASSWORD: config.RESET_PASSWORD_TTL_MS };
  const mails = {
    uow,
    throttleKeyOf,
    policy: {
      threshold: config.VERIFICATION_MAILS,
      baseLockMs: config.VERIFICATION_PAUSE_MS,
      maxLockMs: Math.max(DAY_MS, config.VERIFICATION_PAUSE_MS),
      forgetMs: config.LOGIN_FORGET_MS,
    },
    clock,
    newId,
    ttls,
  };
  const verifying = { uow, tokens: createVerificationTokens(master), clock };
  const accounts = { uow, passwords, clock, newId, ttls };
  const createUser = makeCreateUser(accounts);

  const authHandlers = makeAuthHandlers({
    users,
    sessions: makeSessionReader(database.orm),
    register: makeRegister({ ...accounts, evenOut }),
    logIn: makeLogIn({
      uow,
      users,
      passwords,
      checkCredentials,
      issueTokens,
      refreshTokens,
      policy: sessionPolicy,
      evenOut,
      clock,
      newId,
    }),
    refreshSession: makeRefreshSession(
      { uow, refreshTokens, issueTokens, policy: sessionPolicy, clock },
      outcomes.ofRefreshes,
    ),
    logOut: makeLogOut({ uow, clock, refreshTokens }),
    revokeSession: makeRevokeSession({ uow, clock }),
    changePassword: makeChangePassword({ uow, users, passwords, checkCredentials, clock }),
    issueServiceToken: makeIssueServiceToken({
      checkClient: createCheckClient(config.AUTH_SERVICE_CLIENTS),
      signer: keyRing,
      ttlS: config.SERVICE_TOKEN_TTL_S,
    }),
    requestEmailConfirmation: makeRequestEmailConfirmation(mails),
    requestPasswordReset: makeRequestPasswordReset({ ...mails, evenOut }),
    issueVerificationToken: makeIssueVerificationToken(verifying),
    confirmEmail: makeConfirmEmail(verifying),
    resetPassword: makeResetPassword({ ...verifying, passwords, throttleKeyOf, evenOut }),
    keyRing,
    issuer: config.AUTH_ISSUER,
    clock,
    limitLogins: limitAttempts(config.LOGINS_PER_MINUTE),
    limitVerifications: limitAttempts(config.VERIFICATIONS_PER_MINUTE),
    limitRegistrations: limitAttempts(config.REGISTRATIONS_PER_MINUTE),
  });
  const userHandlers = makeUserHandlers({
    users,
    throttles: makeThrottleReader(database.orm),
    throttleKeyOf,
    createUser,
    assignRoles: makeAssignRoles({ uow, clock }),
    unlockUser: makeUnlockUser({ uow, throttleKeyOf }),
    clock,
  });

  const { AUTH_BOOTSTRAP_EMAIL: email, AUTH_BOOTSTRAP_PASSWORD: password } = config;
  await prepareStart({
    work: async (signal) => {
      await rotateKeys({ firstOnly: true }, signal);
      if (email === undefined || password === undefined) return;
      const operator = {
        email,
        password,
        displayName: "Operator",
        locale: "en",
        roles: ["staff", "operator"] as const,
      };
      await createUser(operator, signal).catch((error: unknown) => {
        if (!isAppError(error, "auth.email_taken")) throw error;
      });
    },
    health,
    log,
    signal: shutdown.signal,
  });
  return {
    services: [
      registerService(AuthService, authHandlers, {
        unkept: ["login", "refresh", "issueServiceToken", "issueVerificationToken"],
      }),
      registerService(UserService, userHandlers),
    ],
  };
};
