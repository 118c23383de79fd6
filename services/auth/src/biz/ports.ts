import type { UnitOfWork } from "@tandem/kernel";
import type { AuthEvent } from "../model/auth-events.ts";
import type { RefreshToken, Session } from "../model/session.ts";
import type { SigningKeyRecord } from "../model/signing-key.ts";
import type { Attempts } from "../model/throttle.ts";
import type { User, UserRole } from "../model/user.ts";
import type { Verification, VerificationPurpose } from "../model/verification.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** All that match; only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

/** Slow on purpose, off the event loop, a few at a time. */
export interface PasswordHasher {
  /** PHC string. @throws AppError `dispatcher.full` under a flood */
  hash(password: string, signal?: AbortSignal): Promise<string>;
  /** Takes as long without a hash as with one. `stale`: right, and hashed with parameters of the past. */
  verify(
    password: string,
    hash: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly matches: boolean; readonly stale: boolean }>;
}

/** Refresh tokens and what is kept of them. */
export interface RefreshTokens {
  /** 256 random bits. */
  create(): string;
  newNonce(): string;
  /** What is kept: opens nothing. */
  hashOf(token: string): string;
  /** Always the same for the same token and nonce, and for nobody to guess without the key. */
  successorOf(token: string, nonce: string): string;
}

/** Tokens of mails and what is kept of them. */
export interface VerificationTokens {
  /** Always the same, and for nobody to guess without the key. */
  tokenOf(verificationId: string): string;
  /** What is kept: opens nothing. */
  hashOf(token: string): string;
}

/** Names an address in the throttle without naming it. */
export type ThrottleKeyOf = (emailKey: string) => string;

/** What a token says of its bearer; issuer, audience and times the signer adds. */
export interface Claims {
  readonly subject: string;
  readonly kind: "user" | "service";
  /** None for services. */
  readonly roles: readonly UserRole[];
  readonly customerId?: string;
  readonly sellerId?: string;
  readonly sessionId?: string;
  readonly ttlSeconds: number;
}

export interface TokenSigner {
  sign(claims: Claims): Promise<string>;
}

/** Makes key pairs, and seals their private halves. */
export interface KeyMaker {
  create(): Promise<Pick<SigningKeyRecord, "kid" | "publicJwk" | "sealedPrivate">>;
}

/** Waits so that an answer does not come before `sinceMs` (performance.now) plus the floor: all refusals take the same time. */
export type EvenOut = (sinceMs: number) => Promise<void>;

export interface UserReader {
  /** @throws AppError `auth.user_not_found` */
  getById(userId: string): Promise<User>;
  getByEmailKey(emailKey: string): Promise<User | undefined>;
  listByCriteria(
    criteria: { emailKey?: string | undefined; role?: UserRole | undefined; sellerId?: string | undefined },
    page: PageRequest,
  ): Promise<Page<User>>;
}

export interface SessionReader {
  /** Open ones, newest first. */
  listOpenByUserId(userId: string, now: Date, page: PageRequest): Promise<Page<Session>>;
}

export interface ThrottleReader {
  /** Those of the keys that are locked at `now`. */
  listLocks(keys: readonly string[], now: Date): Promise<ReadonlyMap<string, Date>>;
}

export interface SigningKeyReader {
  listAll(): Promise<readonly SigningKeyRecord[]>;
}

export interface UserRepository {
  lockById(userId: string): Promise<User | undefined>;
  lockByEmailKey(emailKey: string): Promise<User | undefined>;
  /** Without a lock. */
  getById(userId: string): Promise<User | undefined>;
  /** False when the address, the id or the customer is taken. */
  createIfAbsent(user: User): Promise<boolean>;
  /** The row must have been locked in this transaction. */
  update(user: User): Promise<void>;
}

export interface SessionRepository {
  create(session: Session): Promise<void>;
  lockById(sessionId: string): Promise<Session | undefined>;
  /** Those not ended, by id. The user's row must have been locked in this transaction. */
  lockOpenByUserId(userId: string): Promise<readonly Session[]>;
  update(session: Session): Promise<void>;
  /** Sessions over since before `before`, with their tokens; at most `limit`. Returns how many. */
  deleteOver(before: Date, limit: number): Promise<number>;
}

export interface RefreshTokenRepository {
  /** Without a lock: which session to lock. */
  getByHash(hash: string): Promise<RefreshToken | undefined>;
  create(token: RefreshToken): Promise<void>;
  markUsed(hash: string, successorHash: string, at: Date): Promise<void>;
  /** Tokens that ended before `before`; at most `limit`. Returns how many. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

export interface VerificationRepository {
  /** Without a lock: whose user to lock. */
  getByHash(tokenHash: string): Promise<Verification | undefined>;
  lockById(verificationId: string): Promise<Verification | undefined>;
  /** The one not used, whether its time is over or not. The user's row must have been locked in this transaction. */
  lockOpen(userId: string, purpose: VerificationPurpose): Promise<Verification | undefined>;
  create(verification: Verification): Promise<void>;
  update(verification: Verification): Promise<void>;
  delete(verificationId: string): Promise<void>;
  deleteByUserId(userId: string): Promise<void>;
  /** Those that ended before `before`; at most `limit`. Returns how many. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

export interface ThrottleRepository {
  /** Locks the address until the end of the transaction, also one that was never tried. */
  lockByKey(key: string, now: Date): Promise<Attempts | undefined>;
  save(key: string, attempts: Attempts): Promise<void>;
  delete(key: string): Promise<void>;
  /** Returns how many. */
  deleteIdle(before: Date, limit: number): Promise<number>;
}

export interface SigningKeyRepository {
  /** One rotation at a time: everybody else waits until the end of the transaction. */
  lockAll(): Promise<readonly SigningKeyRecord[]>;
  create(key: SigningKeyRecord): Promise<void>;
  delete(kids: readonly string[]): Promise<void>;
}

export interface OutboxPort {
  add(...events: readonly AuthEvent[]): Promise<void>;
}

export interface Repositories {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly refreshTokens: RefreshTokenRepository;
  readonly verifications: VerificationRepository;
  readonly throttles: ThrottleRepository;
  readonly signingKeys: SigningKeyRepository;
  readonly outbox: OutboxPort;
}

export type AuthUnitOfWork = UnitOfWork<Repositories>;
