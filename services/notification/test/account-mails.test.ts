import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  AuthService,
  LoginFailedSchema,
  VerificationPurpose,
  VerificationRequestedSchema,
} from "@tandem/contracts/auth";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, type Harness, mailsTo, person, rowsOf, settledRowsOf, startHarness, story } from "./harness.ts";

/** What auth gives out, by verification. */
const secrets = new Map<string, { readonly token: string; readonly email: string }>();
let away = false;
const auth = createServer(
  connectNodeAdapter({
    routes: ({ service }) =>
      service(AuthService, {
        issueVerificationToken: ({ verificationId }) => {
          if (away) throw new ConnectError("auth is away", Code.Unavailable);
          const found = secrets.get(verificationId);
          if (!found) throw new ConnectError("There is nothing to be sent any more.", Code.FailedPrecondition);
          return found;
        },
      }),
  }),
);
let harness: Harness;
beforeAll(async () => {
  await new Promise<void>((resolve) => auth.listen(0, "127.0.0.1", resolve));
  harness = await startHarness({
    env: {
      AUTH_URL: `http://127.0.0.1:${(auth.address() as AddressInfo).port}`,
      ACCOUNT_PAGES_URL: "https://shop.example/account/",
      SEND_RETRY_DELAY_MS: "1",
    },
  });
});
afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  auth.closeAllConnections();
  auth.close();
});

const requested = (
  who: ReturnType<typeof person>,
  purpose: VerificationPurpose = VerificationPurpose.RESET_PASSWORD,
  over: object = {},
) => {
  const verificationId = newId();
  const token = `token-${verificationId}`;
  secrets.set(verificationId, { token, email: who.email });
  const event = {
    ...{ userId: who.customerId, customerId: who.customerId, email: who.email, displayName: "Ada Lovelace" },
    ...{ locale: "en-GB", aggregateVersion: 2n, occurredAt: at, purpose, verificationId },
    expiresAt: timestampFromDate(new Date("2026-11-21T10:30:00Z")),
    ...over,
  };
  const eventId = newId();
  return { verificationId, token, deliver: () => harness.deliver(VerificationRequestedSchema, event, eventId) };
};

describe("the mail with a token in it", () => {
  it.each([
    [VerificationPurpose.CONFIRM_EMAIL, "auth.confirm_email", "confirm-email"],
    [VerificationPurpose.RESET_PASSWORD, "auth.reset_password", "reset-password"],
  ])("carries the token that auth gives at the last moment, once for each event (%s)", async (purpose, name, page) => {
    const who = person();
    const { token, deliver } = requested(who, purpose);
    await deliver();
    await deliver();
    const [mail] = await mailsTo(harness, who.email, 1);
    expect(mail?.text).toContain(`https://shop.example/account/${page}#${token}`);
    expect(mail?.html).toContain(token);
    expect(mail?.text).not.toContain("[[");
    expect(await settledRowsOf(harness, who.customerId)).toMatchObject([{ template: name, status: "SENT" }]);
    expect(harness.inbox.messages({ to: who.email })).toHaveLength(1);
  });

  it("leaves the token nowhere: not in a table, not in what staff reads", async () => {
    const who = person();
    const { token, deliver } = requested(who);
    await deliver();
    await mailsTo(harness, who.email, 1);
    const [row] = await settledRowsOf(harness, who.customerId);
    const { rows: tables } = await harness.database.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'tandem')",
    );
    for (const { name } of tables) {
      const { rows } = await harness.database.query(`select 1 from ${name} t where t::text like '%' || $1 || '%'`, [
        token,
      ]);
      expect({ name, rows }).toEqual({ name, rows: [] });
    }
    const shown = await harness.http(`/notifications/${row?.id}`, { as: harness.tokens.as("staff") });
    expect(shown.status).toBe(200);
    expect(shown.text).not.toContain(token);
  });

  it("goes to the address that auth names, whatever the profile says by then", async () => {
    const who = person();
    const other = person();
    const { verificationId, token, deliver } = requested(who);
    secrets.set(verificationId, { token, email: other.email });
    await deliver();
    expect((await mailsTo(harness, other.email, 1))[0]?.text).toContain(token);
    expect(harness.inbox.messages({ to: who.email })).toEqual([]);
  });

  it("reaches people who buy nothing as well, and waits while auth is away", async () => {
    const who = person();
    const { token, deliver } = requested(who, VerificationPurpose.RESET_PASSWORD, { customerId: "" });
    away = true;
    await deliver();
    await expect
      .poll(async () => (await rowsOf(harness, who.customerId))[0]?.attempts, { timeout: 10_000 })
      .toBeGreaterThan(0);
    expect(harness.inbox.messages({ to: who.email })).toEqual([]);
    away = false;
    harness.clock.advance(60_000);
    expect((await mailsTo(harness, who.email, 1))[0]?.text).toContain(token);
  });

  it("is given up when there is nothing to be sent any more; a purpose of the future is nobody's mail", async () => {
    const who = person();
    const { verificationId, deliver } = requested(who);
    secrets.delete(verificationId);
    await deliver();
    expect(await settledRowsOf(harness, who.customerId)).toMatchObject([{ status: "FAILED", attempts: 1 }]);
    const later = person();
    expect(await requested(later, 99 as VerificationPurpose).deliver()).toBe("ack");
    expect(await rowsOf(harness, later.customerId)).toEqual([]);
  });
});

describe("a locked account", () => {
  const lock = (who: ReturnType<typeof person>, failedAttempts: number) =>
    harness.deliver(LoginFailedSchema, {
      ...{ userId: who.customerId, customerId: who.customerId, email: who.email, failedAttempts, occurredAt: at },
      aggregateVersion: BigInt(failedAttempts),
      lockedUntil: timestampFromDate(new Date("2026-11-21T10:15:00Z")),
    });
  const warnings = async (who: ReturnType<typeof person>) =>
    (await rowsOf(harness, who.customerId)).filter(
      ({ template, channel }) => template === "auth.login_locked" && channel === "EMAIL",
    );

  it("is told of once in a series, however often it locks again, and again the next day", async () => {
    const who = person();
    await story(harness, who).registered();
    await Promise.all([5, 6, 7].map((failed) => lock(who, failed)));
    expect(await warnings(who)).toHaveLength(1);
    harness.clock.advance(25 * 3_600_000);
    await lock(who, 8);
    expect(await warnings(who)).toHaveLength(2);
  });
});

describe("what was written", () => {
  it("is forgotten after ninety days; that it was sent is not, and it is not sent again", async () => {
    const who = person();
    await story(harness, who).registered();
    await mailsTo(harness, who.email, 1);
    const [sent] = await settledRowsOf(harness, who.customerId);
    const read = async () =>
      (
        await harness.database.query(
          "select subject, body_text, body_html, variables, address, status from notification where id = $1",
          [sent?.id],
        )
      ).rows[0];
    harness.clock.advance(89 * 86_400_000);
    await harness.runJob("notification.text-retention");
    expect((await read())?.["body_text"]).not.toBe("");
    harness.clock.advance(2 * 86_400_000);
    expect(await harness.runJob("notification.text-retention")).toMatchObject({ messages: expect.any(Number) });
    expect(await read()).toEqual({
      ...{ subject: "", body_text: "", body_html: "", variables: {} },
      address: who.email,
      status: "SENT",
    });
    expect(
      await harness.http(`/notifications/${sent?.id}/resend`, {
        method: "POST",
        body: {},
        as: harness.tokens.as("staff"),
      }),
    ).toMatchObject({ status: 409, json: { error: "notification.not_resendable" } });
    expect(await harness.runJob("notification.text-retention")).toEqual({ messages: 0 });
  });
});
