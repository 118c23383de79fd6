import type { IncomingMessage, ServerResponse } from "node:http";
import { inboxPage } from "./inbox-page.ts";
import type { MessageStore } from "./message-store.ts";

const MAX_BODY_BYTES = 65_536;
/** A page elsewhere that resolves its own name to this machine would otherwise read the mail. */
const LOCAL_HOST = /^(127\.0\.0\.1|localhost|\[::1\])$/;
/** Nobody can make a name of theirs lead to an address that stands in the address bar: probes use it. */
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:]+\])$/i;

const mayAsk = (header: string, allowedHosts: readonly string[] | undefined): boolean => {
  const host = header.replace(/:\d+$/, "");
  if (LOCAL_HOST.test(host)) return true;
  return allowedHosts !== undefined && (ADDRESS.test(host) || allowedHosts.includes(host));
};

/** The page, its JSON, and where text messages are posted to. `allowedHosts` absent: for this machine only. */
export const answerInbox = async (
  store: MessageStore,
  request: IncomingMessage,
  response: ServerResponse,
  allowedHosts?: readonly string[],
): Promise<void> => {
  const send = (status: number, type: string, body: string, headers: Record<string, string> = {}) => {
    response.writeHead(status, {
      "content-type": type,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      ...headers,
    });
    response.end(body);
  };
  const json = (status: number, value: unknown) => send(status, "application/json", JSON.stringify(value));
  try {
    if (!mayAsk(request.headers.host ?? "", allowedHosts)) return json(403, { error: "only for this machine" });
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const route = `${request.method} ${pathname.replace(/\/\d+(?=\/|$)/, "/:id")}`;
    const message = store.get(Number(/\/(\d+)/.exec(pathname)?.[1]));
    switch (route) {
      case "GET /":
        return send(200, "text/html; charset=utf-8", inboxPage, {
          "content-security-policy":
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'",
        });
      case "GET /api/messages": {
        const limit = Number(searchParams.get("limit") ?? 100);
        const filter = {
          to: searchParams.get("to") ?? undefined,
          kind: searchParams.get("kind") ?? undefined,
          text: searchParams.get("text") ?? undefined,
          limit: Number.isInteger(limit) && limit > 0 ? limit : 100,
        };
        return json(200, { messages: store.list(filter) });
      }
      case "DELETE /api/messages":
        store.clear();
        return json(200, {});
      case "GET /api/messages/:id":
        return message ? json(200, message) : json(404, { error: "no such message" });
      case "GET /api/messages/:id/html":
        if (!message) return json(404, { error: "no such message" });
        // Sandboxed: a message runs no script, sends no form, loads nothing.
        return send(200, "text/html; charset=utf-8", message.html, {
          "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        });
      case "POST /api/sms":
        return await takeSms(store, request, json);
      default:
        return json(404, { error: "there is nothing here" });
    }
  } catch {
    if (!response.headersSent) json(400, { error: "that cannot be understood" });
  }
};

/** Like a provider's: a message that was taken before is answered as the first time, and shown once. */
const takeSms = async (
  store: MessageStore,
  request: IncomingMessage,
  json: (status: number, value: unknown) => void,
) => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) return json(413, { error: "too long" });
    chunks.push(chunk as Buffer);
  }
  const { to, from, text } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
  if (typeof to !== "string" || typeof text !== "string") return json(400, { error: "to and text are needed" });
  const key = String(request.headers["idempotency-key"] ?? "");
  const known = key ? store.list({ kind: "sms" }).find(({ messageId }) => messageId === key) : undefined;
  const caught =
    known ??
    store.add({
      kind: "sms",
      from: String(from ?? ""),
      to: [to],
      subject: "",
      text,
      html: "",
      headers: {},
      messageId: key,
    });
  return json(202, { id: `sms-${caught.id}` });
};
