import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;
let lastMs = -1;
let sequence = 0;

const random = (bytes: number): number => {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const value = pool.readUIntBE(used, bytes);
  used += bytes;
  return value;
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/**
 * A UUIDv7 (RFC 9562), strictly increasing within this process: the 12 bits after the time are a counter seeded at
 * random each millisecond (method 1); when it runs over, the next millisecond is borrowed.
 */
export const newId = (): string => {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = random(2) & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = random(2) & 0x7ff;
  }
  const time = hex(lastMs, 12);
  const variant = 0x8000 | (random(2) & 0x3fff);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(sequence, 3)}-${hex(variant, 4)}-${hex(random(6), 12)}`;
};

/** Whether `text` is a UUID of any version in its canonical lower- or upper-case form. */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
