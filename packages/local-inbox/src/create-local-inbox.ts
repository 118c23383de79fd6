import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import { answerInbox } from "./answer-inbox.ts";
import { type CaughtMessage, createMessageStore, type MessageFilter } from "./message-store.ts";

export interface LocalInboxOptions {
  /** 0 for any free one. Default 1025. */
  readonly smtpPort?: number;
  /** The page and its API. 0 for any free one. Default 8025. */
  readonly httpPort?: number;
  /** How many messages are kept. Default 500. */
  readonly maxMessages?: number;
  /** Largest mail in bytes. Default 5 MiB. */
  readonly maxBytes?: number;
  /** Address to listen on. Default: the loopback interface, for it asks nobody for a password. */
  readonly host?: string;
  /** Names under which the page answers when it is reached through a network, besides localhost and plain addresses. Default none. */
  readonly allowedHosts?: readonly string[];
}

/** Catches what would go to people. Listens on the loopback interface unless told otherwise, and asks nobody for a password. */
export interface LocalInbox extends AsyncDisposable {
  readonly smtpUrl: string;
  /** The page; its JSON lies at `/api/messages`. */
  readonly url: string;
  /** Where text messages are posted to. */
  readonly smsUrl: string;
  /** Newest first. */
  messages(filter?: MessageFilter): readonly CaughtMessage[];
  clear(): void;
}

const LOOPBACK = "127.0.0.1";

/** @throws Error when a port is taken */
export const createLocalInbox = async (options: LocalInboxOptions = {}): Promise<LocalInbox> => {
  const { smtpPort = 1025, httpPort = 8025, maxMessages = 500, maxBytes = 5 * 1_024 * 1_024 } = options;
  const { host = LOOPBACK, allowedHosts } = options;
  const store = createMessageStore(maxMessages);

  const smtp = new SMTPServer({
    authOptional: true,
    // Without a certificate that anybody trusts, an offer of TLS only makes clients fail.
    disabledCommands: ["STARTTLS"],
    onAuth: (_, __, callback) => callback(null, { user: "anybody" }),
    size: maxBytes,
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", callback);
      stream.on("end", async () => {
        try {
          if (stream.sizeExceeded) throw Object.assign(new Error("message too large"), { responseCode: 552 });
          const { mailFrom, rcptTo } = session.envelope;
          const to = rcptTo.map(({ address }) => address);
          const caught = store.add(await readMail(Buffer.concat(chunks), mailFrom ? mailFrom.address : "", to));
          callback(null, `kept as ${caught.id}`);
        } catch (error) {
          callback(error instanceof Error ? error : new Error(String(error)));
        }
      });
    },
  });
  smtp.on("error", () => {});
  const http = createServer((request, response) => void answerInbox(store, request, response, allowedHosts));

  await listen(smtp.server as Server, smtpPort, host);
  try {
    await listen(http, httpPort, host);
  } catch (error) {
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
    throw error;
  }
  const url = `http://${LOOPBACK}:${portOf(http)}`;
  return {
    smtpUrl: `smtp://${LOOPBACK}:${portOf(smtp.server as Server)}`,
    url,
    smsUrl: `${url}/api/sms`,
    messages: (filter) => store.list(filter),
    clear: () => store.clear(),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await Promise.all([
        new Promise<void>((resolve) => smtp.close(() => resolve())),
        new Promise<void>((resolve) => http.close(() => resolve())),
      ]);
    },
  };
};

const readMail = async (raw: Buffer, from: string, to: readonly string[]) => {
  const mail = await PostalMime.parse(raw);
  return {
    kind: "email" as const,
    from,
    to,
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    html: mail.html ?? "",
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    messageId: mail.messageId ?? "",
  };
};

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
