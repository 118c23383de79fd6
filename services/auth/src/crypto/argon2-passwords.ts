import { argon2, type BinaryLike, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { createDispatcher } from "@tandem/resilience";
import type { Metrics } from "@tandem/runtime";
import type { PasswordHasher } from "../biz/ports.ts";
import { canonicalPassword } from "../model/password.ts";

export interface Argon2Options {
  /** KiB. Default 19 456 (OWASP: argon2id, 19 MiB, 2 passes, 1 lane). */
  readonly memoryKib?: number;
  readonly passes?: number;
  readonly parallelism?: number;
  /** Hashes at once: each takes `memoryKib` and a thread of libuv's four. Default 2. */
  readonly concurrency?: number;
  /** Hashes that may wait; one more is refused (`dispatcher.full`). Default 64. */
  readonly maxQueued?: number;
  readonly metrics?: Metrics;
}

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

const TAG_BYTES = 32;
const SALT_BYTES = 16;
const derive = promisify<string, object, Buffer>(
  argon2 as unknown as (
    algorithm: string,
    parameters: object,
    callback: (error: Error | null, key: Buffer) => void,
  ) => void,
);

/**
 * argon2id in PHC strings, on libuv's threads, a few at a time with a bounded queue: a flood of logins is refused, not remembered until memory ends.
 * A hash of other parameters is verified with its own, and called stale.
 */
export const createArgon2Passwords = (options: Argon2Options = {}): PasswordHasher & AsyncDisposable => {
  const { memoryKib = 19_456, passes = 2, parallelism = 1, concurrency = 2, maxQueued = 64, metrics } = options;
  const current: Parameters = { memory: memoryKib, passes, parallelism };
  const dispatcher = createDispatcher({ concurrency, maxQueued });
  const seconds = metrics?.histogram({
    name: "tandem_auth_password_hash_seconds",
    help: "Time of one password hash, waiting excluded",
  });
  const waiting = metrics?.gauge({
    name: "tandem_auth_password_hashes_waiting",
    help: "Password hashes that wait for their turn",
  });
  metrics?.onScrape(() => waiting?.set(dispatcher.queued));

  const tagOf = (message: string, nonce: BinaryLike, by: Parameters, tagLength: number, signal?: AbortSignal) =>
    dispatcher.run(
      async () => {
        const startedMs = performance.now();
        const tag = await derive("argon2id", { message: canonicalPassword(message), nonce, tagLength, ...by });
        seconds?.observe((performance.now() - startedMs) / 1000);
        return tag;
      },
      signal ? { signal } : {},
    );
  const nobodysSalt = randomBytes(SALT_BYTES);

  return {
    async hash(password, signal) {
      const salt = randomBytes(SALT_BYTES);
      return encode(current, salt, await tagOf(password, salt, current, TAG_BYTES, signal));
    },
    async verify(password, hash, signal) {
      const stored = hash === undefined ? undefined : decode(hash);
      if (stored === undefined) {
        await tagOf(password, nobodysSalt, current, TAG_BYTES, signal);
        return { matches: false, stale: false };
      }
      const tag = await tagOf(password, stored.salt, stored.parameters, stored.tag.length, signal);
      const { memory, passes: stalePasses, parallelism: lanes } = stored.parameters;
      const stale = memory !== current.memory || stalePasses !== current.passes || lanes !== current.parallelism;
      return { matches: timingSafeEqual(tag, stored.tag), stale };
    },
    [Symbol.asyncDispose]: () => dispatcher.drain(),
  };
};

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

const encode = ({ memory, passes, parallelism }: Parameters, salt: Buffer, tag: Buffer): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

/** Undefined for what is no hash of ours: nobody logs in with it. */
const decode = (
  phc: string,
): { readonly parameters: Parameters; readonly salt: Buffer; readonly tag: Buffer } | undefined => {
  const match = PHC.exec(phc);
  if (match === null) return undefined;
  const [, memory, passes, parallelism, salt = "", tag = ""] = match;
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, "base64"),
    tag: Buffer.from(tag, "base64"),
  };
};
