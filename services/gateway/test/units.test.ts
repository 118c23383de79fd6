import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientAddressOf, rateKeyOf } from "../src/edge/client-address.ts";
import { createSharedRateLimit } from "../src/edge/shared-rate-limit.ts";
import { createTrailerSplit, toGrpcType, toGrpcWebType } from "../src/forward/grpc-bridge.ts";
import { readTarget } from "../src/routing/read-target.ts";

describe("paths", () => {
  it("are taken as they are, or not at all", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const found = readTarget(`/${text}`);
        if (found === undefined) return;
        expect(`${found.path}${found.search}`).toBe(`/${text}`);
        // Whoever normalizes it finds nothing to do.
        expect(new URL(found.path, "http://x").pathname).toBe(
          found.path.replace(/[<>"`{}^]/g, (char) => encodeURIComponent(char)),
        );
      }),
    );
  });
});

describe("addresses", () => {
  it("come from the socket, or from the proxies that are trusted", () => {
    expect(clientAddressOf("::ffff:10.0.0.1", "6.6.6.6", 0)).toBe("10.0.0.1");
    expect(clientAddressOf("10.0.0.1", "6.6.6.6, 9.9.9.9", 1)).toBe("9.9.9.9");
    expect(clientAddressOf("10.0.0.1", "9.9.9.9", 3)).toBe("10.0.0.1");
    expect(clientAddressOf("10.0.0.1", "[2001:db8::1]:443", 1)).toBe("2001:db8::1");
    expect(clientAddressOf("10.0.0.1", undefined, 1)).toBe("10.0.0.1");
  });

  it("are limited by what one caller owns", () => {
    expect(rateKeyOf("10.0.0.1")).toBe("10.0.0.1");
    expect(rateKeyOf("2001:db8::1")).toBe(rateKeyOf("2001:DB8:0:0:ffff::2"));
    expect(rateKeyOf("2001:db8:0:1::1")).not.toBe(rateKeyOf("2001:db8::1"));
    expect(rateKeyOf("::1")).toBe("0:0:0:0::/64");
  });
});

describe("the shared rate limit", () => {
  const rate = { perSecond: 10, burst: 20 };
  const createStore = () => {
    const rows = new Map<string, { value: unknown; etag: string }>();
    let writes = 0;
    return {
      rows,
      writes: () => writes,
      get: async <T>(key: string) => {
        const row = rows.get(key);
        return row && { key, value: row.value as T, etag: row.etag };
      },
      set: async (key: string, value: unknown, { etag }: { etag?: string | null } = {}) => {
        if ((rows.get(key)?.etag ?? null) !== etag) throw new Error("etag");
        writes += 1;
        rows.set(key, { value, etag: String(writes) });
      },
    };
  };
  const log = { warn: () => undefined } as never;
  const takeAll = (limit: ReturnType<typeof createSharedRateLimit>, times: number) =>
    Array.from({ length: times }, () => limit.take("k", rate)).filter(({ allowed }) => allowed).length;

  it("gives all replicas together the burst, twice at most, and then the rate", async () => {
    let nowMs = 1_000;
    const store = createStore();
    const make = () => createSharedRateLimit({ store, log, syncMs: 3_600_000, now: () => nowMs });
    await using one = make();
    await using two = make();
    let allowed = 0;
    for (let tick = 0; tick < 20; tick += 1) {
      allowed += takeAll(one, 20) + takeAll(two, 20);
      await one.sync();
      await two.sync();
      nowMs += 500;
    }
    // Ten seconds: a burst each before they knew of each other, and ten a second; not twenty.
    expect(allowed).toBeGreaterThanOrEqual(100);
    expect(allowed).toBeLessThanOrEqual(2 * rate.burst + 10 * rate.perSecond + rate.perSecond);
  });

  it("asks nobody about a quiet caller", async () => {
    const store = createStore();
    await using limit = createSharedRateLimit({ store, log, syncMs: 3_600_000 });
    takeAll(limit, 2);
    await limit.sync();
    expect(store.writes()).toBe(0);
    expect(takeAll(limit, 30)).toBe(18);
    await limit.sync();
    expect(store.writes()).toBe(1);
  });

  it("goes on alone when the store is down", async () => {
    const broken = { get: () => Promise.reject(new Error("down")), set: () => Promise.reject(new Error("down")) };
    await using limit = createSharedRateLimit({ store: broken, log, syncMs: 3_600_000 });
    expect(takeAll(limit, 30)).toBe(20);
    await limit.sync();
    expect(limit.take("other", rate).allowed).toBe(true);
  });
});

describe("the bridge from gRPC-Web to gRPC", () => {
  const frame = (flag: number, data: Buffer) => {
    const head = Buffer.alloc(5);
    head[0] = flag;
    head.writeUInt32BE(data.length, 1);
    return Buffer.concat([head, data]);
  };
  const run = async (chunks: readonly Buffer[]) => {
    let trailers: Record<string, string> | undefined;
    const out: Buffer[] = [];
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        out.push(chunk);
        done();
      },
    });
    await pipeline(
      Readable.from(chunks),
      createTrailerSplit((found) => {
        trailers = found;
      }),
      sink,
    );
    return { body: Buffer.concat(out), trailers };
  };

  it("passes messages byte for byte and takes the trailers off, however the bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }),
        async (messages, sizes) => {
          const body = Buffer.concat(messages.map((message) => frame(0, Buffer.from(message))));
          const whole = Buffer.concat([body, frame(0x80, Buffer.from("grpc-status: 5\r\nGrpc-Message: no: such\r\n"))]);
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn += 1) {
            const size = sizes[turn % sizes.length] as number;
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          expect(await run(chunks)).toEqual({ body, trailers: { "grpc-status": "5", "grpc-message": "no: such" } });
        },
      ),
      { numRuns: 50 },
    );
  });

  it("does not take a body without trailers for complete", async () => {
    await expect(run([frame(0, Buffer.from("half"))])).rejects.toThrow("broke off");
    await expect(run([frame(0x80, Buffer.alloc(0)).subarray(0, 3)])).rejects.toThrow("broke off");
  });

  it("renames the content type and nothing else", () => {
    expect(toGrpcWebType("application/grpc+proto")).toBe("application/grpc-web+proto");
    expect(toGrpcWebType("application/grpc")).toBe("application/grpc-web");
    expect(toGrpcType("application/grpc-web+json; charset=utf-8")).toBe("application/grpc+json; charset=utf-8");
  });
});
