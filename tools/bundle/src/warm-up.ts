import { spawnSync } from "node:child_process";
import { chmodSync, lchownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { COMPILE_CACHE, NODE_OPTIONS } from "./write-launchers.ts";

/** The user of the images; Node keeps compiled code by user. */
export const IMAGE_UID = 65_532;

// With the options of the images: V8 takes code back only where its settings are the same.
const REFUSED = { HTTP_PORT: "none", DATABASE_URL: "none", NODE_OPTIONS };

/** Hashes of strings are in compiled code, and otherwise random. (`--hash-seed` would make it useless to a Node without that.) */
const SAME_EVERY_TIME = "--random-seed=1";

/**
 * Starts each binary once, so that V8 leaves what it compiled beside it: the next start, at the same path, of the same user and Node, takes it
 * from there. With a configuration that it refuses, a binary loads all of its code and ends.
 * @throws Error when nothing was left
 */
export const warmUp = (dir: string, binaries: readonly string[]): number => {
  const cache = join(dir, COMPILE_CACHE);
  const isRoot = process.getuid?.() === 0;
  mkdirSync(cache);
  if (isRoot) lchownSync(cache, IMAGE_UID, IMAGE_UID);
  for (const binary of binaries) {
    const { error, signal } = spawnSync(process.execPath, [SAME_EVERY_TIME, join(dir, "bin", binary)], {
      cwd: "/",
      env: REFUSED,
      stdio: "ignore",
      timeout: 60_000,
      ...(isRoot ? { uid: IMAGE_UID, gid: IMAGE_UID } : {}),
    });
    if (error || signal) throw new Error(`${binary} did not end by itself: ${error?.message ?? signal}`);
  }
  const left = readdirSync(cache, { recursive: true, withFileTypes: true });
  // Read only from now on, as the rest of the image is.
  for (const entry of left) {
    const path = join(entry.parentPath, entry.name);
    if (isRoot) lchownSync(path, 0, 0);
    chmodSync(path, entry.isDirectory() ? 0o755 : 0o644);
  }
  if (isRoot) lchownSync(cache, 0, 0);
  const files = left.filter((entry) => entry.isFile()).length;
  if (files === 0) throw new Error(`${dir}: V8 left no compiled code`);
  return files;
};
