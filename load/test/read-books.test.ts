import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findPlatform, type PlatformBooks } from "@tandem/cli/platform";
import type { Databases } from "@tandem/e2e/check";
import { createTestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readBooks } from "../src/read-books.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tandem-books-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

/** Nobody listens there. */
const GONE = 1;
const silent = { pauseMs: 1, say: () => {} };
const one = (databases: Databases) => databases.query("order", "select 1 as n");
const at = (url: string, port?: number): PlatformBooks => {
  const found = new URL(url);
  if (port !== undefined) found.port = String(port);
  return { urls: new Map([["order_db", found.href]]), sidecarUrl: "" };
};

describe("the books after a load", () => {
  it("are read by another forwarded port when the first one has gone with Postgres' pod", async () => {
    await using database = await createTestDatabase();
    const { port, username, password, pathname } = new URL(database.url);
    const secret = {
      AUTH_BOOTSTRAP_PASSWORD: "x",
      DATABASE_URL: `postgres://${username}:${password}@postgres.tandem-stores:5432${pathname}`,
    };
    const data = Object.fromEntries(Object.entries(secret).map(([key, text]) => [key, btoa(text)]));
    const program = join(dir, "kubectl");
    // The first port leads nowhere any more; while the next pod starts there is none; the third leads to it.
    await writeFile(
      program,
      `#!/bin/sh
case "$*" in
  *port-forward*)
    echo "$@" >>${dir}/forwards
    case $(grep -c . ${dir}/forwards) in
      1) echo "Forwarding from 127.0.0.1:${GONE} -> 5432"; exec sleep 60 ;;
      2) echo "error: unable to forward port because pod is not running" >&2; exit 1 ;;
      *) echo "Forwarding from 127.0.0.1:${port} -> 5432"; exec sleep 60 ;;
    esac ;;
  *) echo '${JSON.stringify({ data })}' ;;
esac
`,
    );
    await chmod(program, 0o755);
    vi.stubEnv("PATH", [dir, process.env["PATH"]].join(delimiter));
    const platform = await findPlatform({
      platform: "kubernetes",
      context: "kind-x",
      namespace: "tandem",
      gateway: "http://127.0.0.1:1",
      portOffset: 0,
    });
    const said: string[] = [];
    const options = {
      books: await platform.books(),
      reopen: platform.books,
      say: (line: string) => void said.push(line),
    };
    expect(await readBooks({ ...options, pauseMs: 1 }, one)).toEqual([{ n: 1 }]);
    expect((await readFile(join(dir, "forwards"), "utf8")).trim().split("\n")).toHaveLength(3);
    expect(said).toEqual([
      expect.stringMatching(/out of reach .*ECONNREFUSED.*try 2 of 6/),
      expect.stringMatching(/out of reach .*pod is not running.*try 3 of 6/),
    ]);
  });

  it("are read again from the beginning when the connection breaks in the middle", async () => {
    await using database = await createTestDatabase();
    const books = at(database.url);
    let begun = 0;
    const read = async (databases: Databases) => {
      begun += 1;
      if (begun === 1) await databases.query("order", "select pg_terminate_backend(pg_backend_pid())");
      return one(databases);
    };
    expect(await readBooks({ books, reopen: async () => books, ...silent }, read)).toEqual([{ n: 1 }]);
    expect(begun).toBe(2);
  });

  it("are given up after so many tries, with what was wrong", async () => {
    await using database = await createTestDatabase();
    const books = at(database.url, GONE);
    let reopened = 0;
    const reopen = async () => {
      reopened += 1;
      return books;
    };
    await expect(readBooks({ books, reopen, ...silent, tries: 3 }, one)).rejects.toThrow("ECONNREFUSED");
    expect(reopened).toBe(2);
  });

  it("are not read twice for an error of our own", async () => {
    await using database = await createTestDatabase();
    const reopen = () => expect.fail("no connection was lost");
    const wrong = (databases: Databases) => databases.query("order", "select no_such_column");
    await expect(readBooks({ books: at(database.url), reopen, ...silent }, wrong)).rejects.toThrow("no_such_column");
  });
});
