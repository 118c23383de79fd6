import { type AddressInfo, createServer as createTcp } from "node:net";
import { newId } from "@tandem/kernel";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createSmtpSender, type SmtpSender } from "../src/client/smtp-sender.ts";
import { type Harness, mailsTo, startHarness } from "./harness.ts";

let notification: Harness;
beforeAll(async () => {
  // Its inbox is a real mail server; nothing is sent but by the tests.
  notification = await startHarness({ startWorkers: false });
});
afterAll(() => notification[Symbol.asyncDispose]());

const open: SmtpSender[] = [];
const smtpTo = (url: string) => {
  const sender = createSmtpSender({ url, from: { name: "Tandem", address: "shop@tandem.invalid" }, timeoutMs: 10_000 });
  open.push(sender);
  return sender;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

describe("the mail server", () => {
  const scripted = async (onRcpt: number, onData?: number, delayMs = 0) => {
    let taken = 0;
    const refuse = (code: number) => Object.assign(new Error(`refused ${code}`), { responseCode: code });
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS", "AUTH"],
      onRcptTo: (_, __, callback) => callback(onRcpt ? refuse(onRcpt) : null),
      onData: (stream, _, callback) => {
        stream.resume();
        stream.on("end", () => {
          taken += 1;
          setTimeout(() => callback(onData ? refuse(onData) : null), delayMs);
        });
      },
    });
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.server.address() as AddressInfo;
    return {
      url: `smtp://127.0.0.1:${port}`,
      taken: () => taken,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  };
  const message = {
    id: newId(),
    address: "a@example.com",
    subject: "s",
    text: "t",
    html: "<p>t</p>",
    unsubscribeUrl: "",
  };

  it.each([
    [550, undefined, false],
    [450, undefined, true],
    [0, 554, false],
    [0, 451, true],
  ])("that answers %d to the recipient and %s to the mail: later is %s", async (onRcpt, onData, retryable) => {
    const server = await scripted(onRcpt, onData);
    const failed = smtpTo(server.url).send(message, AbortSignal.timeout(5_000));
    await expect(failed).rejects.toMatchObject({ retryable });
    await server.close();
  });

  it("that says nothing is not waited for", async () => {
    const mute = createTcp(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const url = `smtp://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    await expect(smtpTo(url).send(message, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: "notification.provider_unavailable",
    });
    mute.close();
  });

  it.each([
    "a@example.com\r\nRCPT TO:<b@example.com>",
    "a@example.com, b@example.com",
    "<a@example.com>",
    "Ada <a@example.com>",
    "a b@example.com",
    "",
    "a@",
    "@b",
  ])("is not asked to write to %j", async (address) => {
    const before = notification.inbox.messages().length;
    const sending = smtpTo(notification.inbox.smtpUrl).send({ ...message, address }, AbortSignal.timeout(5_000));
    await expect(sending).rejects.toMatchObject({ code: "notification.rejected" });
    expect(notification.inbox.messages()).toHaveLength(before);
  });

  it("is not sent what waited for a connection until it was given up", async () => {
    const slow = await scripted(0, undefined, 400);
    const sender = createSmtpSender({
      url: slow.url,
      from: { name: "Tandem", address: "shop@tandem.invalid" },
      maxConnections: 1,
    });
    open.push(sender);
    const first = sender.send(message, AbortSignal.timeout(10_000));
    const second = sender.send({ ...message, id: newId() }, AbortSignal.timeout(100));
    await expect(second).rejects.toThrow("connections to the mail server are busy");
    await first;
    await sender.send({ ...message, id: newId() }, AbortSignal.timeout(10_000));
    expect(slow.taken()).toBe(2);
    sender.close();
    await slow.close();
  });

  it("gets no header and no recipient from a subject", async () => {
    const subject = "Hi\r\nBcc: evil@example.com\r\n\r\nbody";
    await smtpTo(notification.inbox.smtpUrl).send(
      { ...message, subject, address: "inj@example.com" },
      AbortSignal.timeout(5_000),
    );
    const [mail] = await mailsTo(notification, "inj@example.com", 1);
    expect(mail?.to).toEqual(["inj@example.com"]);
    expect(mail?.headers).not.toHaveProperty("bcc");
    expect(mail?.text.trim()).toBe("t");
  });

  it("gets the way to unsubscribe by one click", async () => {
    const unsubscribeUrl = "http://shop.example/u/1";
    await smtpTo(notification.inbox.smtpUrl).send(
      { ...message, unsubscribeUrl, address: "uns@example.com" },
      AbortSignal.timeout(5_000),
    );
    const [mail] = await mailsTo(notification, "uns@example.com", 1);
    expect(mail?.headers).toMatchObject({
      "list-unsubscribe": `<${unsubscribeUrl}>`,
      "list-unsubscribe-post": "List-Unsubscribe=One-Click",
      "auto-submitted": "auto-generated",
    });
  });
});
