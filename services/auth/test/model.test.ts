import { isAppError, newId } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeEmail } from "../src/model/email.ts";
import { checkPassword } from "../src/model/password.ts";
import { decideRefresh, end, isOpen, type RefreshToken, type Session, tokenExpiry } from "../src/model/session.ts";
import { planRotation, type SigningKeyRecord, signingAt } from "../src/model/signing-key.ts";
import { type Attempts, admitAttempt, takeBack } from "../src/model/throttle.ts";
import { assertMayGrant, createUser, erase, tombstone, type UserRole, withRoles } from "../src/model/user.ts";

const T0 = new Date("2026-11-21T10:00:00Z");
const after = (ms: number, from = T0) => new Date(from.getTime() + ms);
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return isAppError(error) ? `${error.code} ${error.details[0]?.rule ?? ""}`.trim() : String(error);
  }
};

describe("an e-mail address", () => {
  it.each([
    [" Ada.Park@Example.COM ", "Ada.Park@example.com", "ada.park@example.com"],
    ["ｆｕｌｌ@example.com", "full@example.com", "full@example.com"],
    ["ada@BÜCHER.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"],
    ["o'neil+shop@mail.example.com", "o'neil+shop@mail.example.com", "o'neil+shop@mail.example.com"],
  ])("%s is written down in one way", (text, address, key) => {
    expect(normalizeEmail(text)).toEqual({ address, key });
    expect(normalizeEmail(address)).toEqual({ address, key });
  });

  it.each([
    "",
    "ada",
    "@example.com",
    "ada@",
    "ada@example",
    "a da@example.com",
    "ada@exa mple.com",
    ".ada@example.com",
    "ada..park@example.com",
    "ada@-example.com",
    "ada@example..com",
    "ada\n@example.com",
    '"ada"@example.com',
    "ada@example.com, eve@example.com",
    `${"a".repeat(65)}@example.com`,
    `ada@${"a".repeat(250)}.com`,
    "ada@[127.0.0.1]",
    "ada@127.0.0.1",
    "ada@127.1",
    "ada@example.com/path",
    "ada@example.com:80",
    "ada@example.com?x",
    "ada@%65xample.com",
    "ada@example.com.",
  ])("%j is none", (text) => {
    expect(codeOf(() => normalizeEmail(text))).toBe("auth.email_invalid email");
  });
});

describe("a password", () => {
  const about = { email: "ada.park@example.com", name: "Ada Park" };
  it.each([
    ["short", "min_length"],
    ["x".repeat(129), "max_length"],
    ["aaaaaaaaaaaa", "too_simple"],
    ["abababababab", "too_simple"],
    ["Password123", "common"],
    ["ada.park@example.com", "personal"],
    ["Ada.Park123", "personal"],
    ["ADA PARK 99", "personal"],
  ])("%s is refused", (password, rule) => {
    expect(codeOf(() => checkPassword(password, about))).toBe(`auth.password_weak ${rule}`);
  });

  it.each(["correct horse battery", "пароль из слов", "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵", "ada.park walks to the harbour"])(
    "%s is accepted",
    (password) => {
      expect(codeOf(() => checkPassword(password, about))).toBeUndefined();
    },
  );
});

describe("failed attempts", () => {
  const policy = { threshold: 5, baseLockMs: 60_000, maxLockMs: 3_600_000, forgetMs: 86_400_000 };
  const attempt = (before: Attempts | undefined, now: Date) => admitAttempt(before, now, policy);

  it("lock from the fifth on, twice as long each time, an hour at most", () => {
    let attempts: Attempts | undefined;
    let now = T0;
    const locks: number[] = [];
    for (let n = 0; n < 14; n += 1) {
      const admission = attempt(attempts, now);
      if (admission.kind === "locked") throw new Error("locked too early");
      attempts = admission.after;
      const until = attempts.lockedUntil;
      locks.push(until ? until.getTime() - now.getTime() : 0);
      if (until) {
        expect(attempt(attempts, after(-1, until))).toEqual({ kind: "locked", until });
        now = until;
      }
    }
    const minute = 60_000;
    expect(locks).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((n) => n * minute));
  });

  it("are forgiven after a day", () => {
    const before = { failed: 40, lockedUntil: after(3_600_000), lastAt: T0 };
    expect(attempt(before, after(86_400_000))).toMatchObject({ after: { failed: 1 } });
  });

  it("that were not decided are given back, and their lock with them", () => {
    const before = { failed: 5, lockedUntil: after(60_000), lastAt: T0 };
    expect(takeBack(before, T0, policy)).toMatchObject({ failed: 4, lockedUntil: undefined });
    expect(takeBack({ ...before, failed: 7 }, T0, policy)).toMatchObject({ failed: 6, lockedUntil: after(60_000) });
    expect(takeBack({ failed: 0, lockedUntil: undefined, lastAt: T0 }, T0, policy)).toMatchObject({ failed: 0 });
  });

  it("never admit more than the threshold before the first lock, whatever their rhythm", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 59_000 }), { maxLength: 60 }), (gaps) => {
        let attempts: Attempts | undefined;
        let now = T0;
        let admitted = 0;
        for (const gap of gaps) {
          now = after(gap, now);
          const admission = attempt(attempts, now);
          if (admission.kind === "locked") {
            expect(admission.until.getTime()).toBeGreaterThan(now.getTime());
            continue;
          }
          attempts = admission.after;
          admitted += 1;
          expect(admission.after.failed).toBe(admitted);
          expect(admission.after.lockedUntil !== undefined).toBe(admitted >= policy.threshold);
        }
      }),
    );
  });
});

describe("a refresh", () => {
  const session: Session = {
    id: newId(),
    userId: newId(),
    ip: "",
    userAgent: "",
    createdAt: T0,
    lastUsedAt: T0,
    expiresAt: after(1_000_000),
    endedAt: undefined,
    endReason: undefined,
    version: 1n,
  };
  const token: RefreshToken = {
    hash: "aa",
    sessionId: session.id,
    nonce: "bb",
    successorHash: undefined,
    issuedAt: T0,
    expiresAt: after(500_000),
    usedAt: undefined,
  };
  const used = { ...token, usedAt: after(100), successorHash: "cc" };
  const unused = { usedAt: undefined };
  const decide = (...[s, t, next, ms]: [Session, RefreshToken, { usedAt: Date | undefined } | undefined, number]) =>
    decideRefresh(s, t, next, after(ms), 10_000);

  it("rotates an unused token, repeats within the grace, and takes any other second use for theft", () => {
    expect(decide(session, token, undefined, 50)).toBe("rotate");
    expect(decide(session, used, unused, 10_100)).toBe("repeat");
    expect(decide(session, used, unused, 10_101)).toBe("reuse");
    expect(decide(session, used, { usedAt: after(200) }, 300)).toBe("reuse");
    expect(decide(session, used, undefined, 300)).toBe("reuse");
  });

  it("does nothing with what is over: the token, the session by time, the session by its end", () => {
    expect(decide(session, token, undefined, 500_000)).toBe("refuse");
    expect(decide(session, { ...token, expiresAt: after(2_000_000) }, undefined, 1_000_000)).toBe("refuse");
    expect(decide(end(session, "LOGOUT", after(5)), used, unused, 50)).toBe("refuse");
  });

  it("ends a session once, for its first reason", () => {
    const ended = end(session, "LOGOUT", after(5));
    expect(ended).toMatchObject({ endReason: "LOGOUT", endedAt: after(5), version: 2n });
    expect(end(ended, "TOKEN_REUSED", after(9))).toBe(ended);
    expect(isOpen(ended, after(6))).toBe(false);
  });

  it("gives tokens that end with their session at the latest", () => {
    const policy = { idleMs: 500_000, maxMs: 1_000_000, graceMs: 0 };
    expect(tokenExpiry(session, policy, T0)).toEqual(after(500_000));
    expect(tokenExpiry(session, policy, after(900_000))).toEqual(after(1_000_000));
  });
});

describe("signing keys", () => {
  const policy = { rotateAfterMs: 30_000, leadMs: 1_000, retainMs: 2_000 };
  const key = (kid: string, activeFrom: Date): SigningKeyRecord => ({
    kid,
    publicJwk: {},
    sealedPrivate: Buffer.alloc(0),
    createdAt: activeFrom,
    activeFrom,
  });

  it("begin with one that signs at once", () => {
    expect(planRotation([], T0, policy)).toEqual({ create: T0, withdraw: [] });
    expect(signingAt([], T0)).toBeUndefined();
  });

  it("overlap: the next is published before it signs, the last stays until its tokens have ended", () => {
    const first = key("a", T0);
    expect(planRotation([first], after(29_999), policy).create).toBeUndefined();
    expect(planRotation([first], after(30_000), policy).create).toEqual(after(31_000));
    const both = [key("b", after(31_000)), first];
    expect(planRotation(both, after(30_500), policy)).toEqual({ create: undefined, withdraw: [] });
    expect(signingAt(both, after(30_999))?.kid).toBe("a");
    expect(signingAt(both, after(31_000))?.kid).toBe("b");
    expect(planRotation(both, after(32_999), policy).withdraw).toEqual([]);
    expect(planRotation(both, after(33_000), policy).withdraw).toEqual(["a"]);
  });

  it("never leave a moment without one, and withdraw none that may still be needed, however often the job runs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 40 }), (gaps) => {
        let keys: SigningKeyRecord[] = [];
        let now = T0;
        const signedLast = new Map<string, number>();
        for (const [n, gap] of [0, ...gaps].entries()) {
          now = after(gap, now);
          const before = signingAt(keys, now);
          if (before) signedLast.set(before.kid, now.getTime());
          const plan = planRotation(keys, now, policy);
          for (const kid of plan.withdraw) expect(now.getTime() - (signedLast.get(kid) ?? 0)).toBeGreaterThanOrEqual(0);
          expect(plan.withdraw).not.toContain(before?.kid);
          keys = keys.filter(({ kid }) => !plan.withdraw.includes(kid));
          if (plan.create) keys.push(key(`k${n}`, plan.create));
          expect(signingAt(keys, now)).toBeDefined();
        }
      }),
    );
  });
});

describe("a user", () => {
  const init = {
    id: newId(),
    email: normalizeEmail("ada@example.com"),
    displayName: "Ada",
    locale: "",
    passwordHash: "$x",
    roles: ["customer"] as const,
  };
  const user = createUser(init, T0);

  it("that buys is its own customer; that sells has a seller, and nobody else has", () => {
    expect(user).toMatchObject({ customerId: init.id, locale: "en", version: 1n });
    expect(createUser({ ...init, roles: ["staff"] }, T0).customerId).toBeUndefined();
    expect(codeOf(() => createUser({ ...init, roles: ["seller"] }, T0))).toMatch("auth.seller_required");
    expect(codeOf(() => withRoles(user, ["customer"], newId()))).toMatch("auth.seller_required");
  });

  it("keeps its customer when it stops buying, and is not changed by the roles that it has", () => {
    const sellerId = newId();
    const seller = withRoles(user, ["seller"], sellerId);
    expect(seller).toMatchObject({ roles: ["seller"], sellerId, customerId: init.id, version: 2n });
    expect(withRoles(seller, ["seller"], sellerId)).toBe(seller);
  });

  it("that is forgotten names nobody, and looks like one that was never there", () => {
    const gone = erase(user);
    expect(gone).toMatchObject({
      email: undefined,
      displayName: "",
      passwordHash: undefined,
      roles: [],
      status: "ERASED",
    });
    expect(erase(gone)).toBe(gone);
    expect(tombstone(init.id, T0)).toMatchObject({ id: init.id, customerId: init.id, status: "ERASED", roles: [] });
  });

  it("gives and takes only roles of the house that it holds, and never its own", () => {
    const roles = ["customer", "seller", "staff", "operator"] as const satisfies readonly UserRole[];
    const some = fc.array(fc.constantFrom(...roles), { maxLength: 4 });
    fc.assert(
      fc.property(fc.record({ held: some, before: some, now: some }), ({ held, before, now }) => {
        const granter = { subject: "s", roles: held };
        const refused = codeOf(() => assertMayGrant(granter, { userId: "other", before, after: now })) !== undefined;
        const changes = (["staff", "operator"] as const).filter((role) => before.includes(role) !== now.includes(role));
        expect(refused).toBe(changes.some((role) => !held.includes(role)));
      }),
    );
    expect(
      codeOf(() => assertMayGrant({ subject: "s", roles: ["staff"] }, { userId: "s", before: [], after: ["staff"] })),
    ).toBe("auth.role_not_grantable");
  });
});
