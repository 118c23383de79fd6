import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { AuthUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeRefreshTokenRepository } from "./refresh-token-repository.ts";
import { makeSessionRepository } from "./session-repository.ts";
import { makeSigningKeyRepository } from "./signing-key-repository.ts";
import { makeThrottleRepository } from "./throttle-repository.ts";
import { makeUserRepository } from "./user-repository.ts";
import { makeVerificationRepository } from "./verification-repository.ts";

export const makeAuthUnitOfWork = (database: Database, outbox: Outbox): AuthUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    users: makeUserRepository(tx),
    sessions: makeSessionRepository(tx),
    refreshTokens: makeRefreshTokenRepository(tx),
    verifications: makeVerificationRepository(tx),
    throttles: makeThrottleRepository(tx),
    signingKeys: makeSigningKeyRepository(tx),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
