import { createTransport } from "nodemailer";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createLocalInbox, type LocalInbox } from "../src/index.ts";

let inbox: LocalInbox;
beforeAll(async () => {
  inbox = await createLocalInbox({ smtpPort: 0, httpPort: 0, maxMessages: 3, maxBytes: 20_000 });
});
afterAll(() => inbox[Symbol.asyncDispose]());
beforeEach(() => inbox.clear());

const send = async (over: object = {}) => {
  const transport = createTransport({ url: inbox.smtpUrl });
  const mail = {
    from: "shop@example.com",
    to: "ada@example.com",
    subject: "Grüße",
    text: "Hallo",
    html: "<p>Hallo</p>",
    ...over,
  };
  return transport.sendMail(mail).finally(() => transport.close());
};
const http = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(`${inbox.url}${path}`, init);
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text.startsWith("{") ? JSON.parse(text) : undefined,
  };
};

it("catches a mail and shows it as JSON, newest first", async () => {
  await send();
  await send({ to: "bob@example.com", subject: "second" });
  const { json } = await http("/api/messages");
  expect(json.messages).toMatchObject([
    { to: ["bob@example.com"], subject: "second" },
    { kind: "email", from: "shop@example.com", to: ["ada@example.com"], subject: "Grüße", text: "Hallo\n", copy: 0 },
  ]);
  const [, first] = json.messages;
  expect((await http(`/api/messages/${first.id}`)).json).toEqual(first);
  expect((await http("/api/messages?to=ADA@example.com&text=Hall")).json.messages).toHaveLength(1);
  expect((await http("/api/messages?kind=sms")).json.messages).toEqual([]);
  expect((await http("/api/messages?limit=1")).json.messages).toHaveLength(1);
});

it("keeps the last so many, and forgets all when asked to", async () => {
  for (let n = 0; n < 5; n += 1) await send({ subject: `${n}` });
  expect(inbox.messages().map(({ subject }) => subject)).toEqual(["4", "3", "2"]);
  expect((await http("/api/messages", { method: "DELETE" })).status).toBe(200);
  expect(inbox.messages()).toEqual([]);
});

it("marks what came before under the same id", async () => {
  for (let n = 0; n < 2; n += 1) await send({ messageId: "<one@example.com>" });
  expect(inbox.messages().map(({ copy }) => copy)).toEqual([1, 0]);
});

it("lets a message's HTML do nothing", async () => {
  await send({ html: "<script>parent.document.title = 'mine'</script><img src=http://example.com/x>" });
  const [message] = inbox.messages();
  const { headers, text } = await http(`/api/messages/${message?.id}/html`);
  expect(headers.get("content-security-policy")).toMatch(/^sandbox; default-src 'none';/);
  expect(text).toContain("<script>");
  const page = await http("/");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.text).not.toMatch(/innerHTML|https?:/);
});

it("takes a text message once per key", async () => {
  const post = (key: string) =>
    http("/api/sms", {
      method: "POST",
      headers: { "idempotency-key": key },
      body: JSON.stringify({ to: "+491701234567", from: "Tandem", text: "hi" }),
    });
  const answers = [await post("a"), await post("a"), await post("b")];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(answers[0]?.json.id).toBe(answers[1]?.json.id);
  expect(inbox.messages({ kind: "sms" })).toHaveLength(2);
});

it("refuses what is too large, what is no message, and pages from elsewhere", async () => {
  await expect(send({ text: "x".repeat(30_000) })).rejects.toThrow(/exceeds|too large|size/i);
  expect((await http("/api/sms", { method: "POST", body: "{" })).status).toBe(400);
  expect((await http("/api/sms", { method: "POST", body: "{}" })).status).toBe(400);
  expect((await http("/api/sms", { method: "POST", body: "x".repeat(70_000) })).status).toBe(413);
  expect((await http("/api/messages/99")).status).toBe(404);
  expect((await http("/api/messages/99/html")).status).toBe(404);
  expect((await http("/nothing")).status).toBe(404);
  const { request } = await import("node:http");
  const rebound = await new Promise<number | undefined>((resolve) => {
    request(`${inbox.url}/api/messages`, { headers: { host: "evil.example" } }, (answer) =>
      resolve(answer.statusCode),
    ).end();
  });
  expect(rebound).toBe(403);
  expect(inbox.messages()).toEqual([]);
});

it("says so when a port is taken, and leaves none behind", async () => {
  const taken = Number(new URL(inbox.url).port);
  await expect(createLocalInbox({ smtpPort: 0, httpPort: taken })).rejects.toThrow("EADDRINUSE");
});

it("in a cluster answers under its names there and under addresses, which probes use, and still not under others", async () => {
  await using inCluster = await createLocalInbox({
    smtpPort: 0,
    httpPort: 0,
    host: "0.0.0.0",
    allowedHosts: ["local-inbox.tandem-stores"],
  });
  const { request } = await import("node:http");
  const ask = (host: string) =>
    new Promise<number | undefined>((resolve) => {
      request(`${inCluster.url}/api/messages`, { headers: { host } }, ({ statusCode }) => resolve(statusCode)).end();
    });
  for (const host of ["local-inbox.tandem-stores:8025", "10.244.0.7:8025", "localhost:8025"])
    expect([host, await ask(host)]).toEqual([host, 200]);
  for (const host of ["evil.example", "10.244.0.7.evil.example", "local-inbox.tandem-stores.evil.example"])
    expect([host, await ask(host)]).toEqual([host, 403]);
});
