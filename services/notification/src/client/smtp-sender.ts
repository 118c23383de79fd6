import type { AppError } from "@tandem/kernel";
import { createTransport } from "nodemailer";
import type { MessageSender } from "../biz/ports.ts";
import { providerUnavailable, rejected } from "../model/errors.ts";

export interface SmtpSenderOptions {
  /** `smtp://user:password@host:587`, `smtps://…`. */
  readonly url: string;
  readonly from: { readonly name: string; readonly address: string };
  /** Connections kept open at once, 1 to 100. Default 5. */
  readonly maxConnections?: number;
  /** Longest wait for a connection, a greeting and any answer. Default 10 000. */
  readonly timeoutMs?: number;
}

export interface SmtpSender extends MessageSender {
  close(): void;
}

// No display name, no comment, no second address, nothing that begins a line: what is not plainly one mailbox is not written to.
const MAILBOX = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/u;

/**
 * E-mail over SMTP. Its delivery is at least once: when the server takes a message and its answer is lost, nobody can tell. Every try carries
 * the same Message-ID, by which mailboxes and people can tell duplicates.
 */
export const createSmtpSender = ({
  url,
  from,
  maxConnections = 5,
  timeoutMs = 10_000,
}: SmtpSenderOptions): SmtpSender => {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.address.split("@")[1] ?? "localhost";
  const connections = limit(maxConnections);
  return {
    close: () => transport.close(),
    async send({ id, address, subject, text, html, unsubscribeUrl }, signal) {
      if (!MAILBOX.test(address)) throw rejected("The address is not a mailbox.");
      // Not in the pool's own queue: what waits there goes out after we have given it up, and then twice.
      await connections.take(signal);
      const late = Promise.withResolvers<never>();
      const giveUp = () => late.reject(providerUnavailable("The mail server did not answer in time."));
      if (signal.aborted) giveUp();
      signal.addEventListener("abort", giveUp, { once: true });
      const sending = transport.sendMail({
        from,
        to: { name: "", address },
        subject,
        text,
        html,
        messageId: `<${id}@${domain}>`,
        headers: {
          "X-Tandem-Notification": id,
          "Auto-Submitted": "auto-generated",
          ...(unsubscribeUrl
            ? { "List-Unsubscribe": `<${unsubscribeUrl}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" }
            : {}),
        },
      });
      // When the wait is over first, the late outcome is nobody's; the connection is taken until then.
      sending.catch(() => {}).finally(connections.give);
      try {
        const { messageId } = await Promise.race([sending, late.promise]);
        return messageId;
      } catch (error) {
        throw classify(error);
      } finally {
        signal.removeEventListener("abort", giveUp);
      }
    },
  };
};

const limit = (free: number) => {
  const waiting: (() => void)[] = [];
  let left = free;
  return {
    /** @throws AppError `notification.provider_unavailable` when the signal fires first: then nothing was sent */
    take: (signal: AbortSignal): Promise<void> => {
      if (left > 0) {
        left -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(go), 1);
          reject(providerUnavailable("All connections to the mail server are busy."));
        };
        signal.addEventListener("abort", giveUp, { once: true });
        waiting.push(go);
      });
    },
    give: () => {
      const next = waiting.shift();
      if (next) next();
      else left += 1;
    },
  };
};

/** RFC 5321: 4yz may work later, 5yz never will. No answer, a refused password, a dead host: ours to mend, so later. */
const classify = (error: unknown): AppError | unknown => {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message?: string };
  if (code === undefined && responseCode === undefined) return error;
  const permanent = responseCode !== undefined && responseCode >= 500 && responseCode < 600 && code !== "EAUTH";
  const why = message ?? code ?? "the mail server failed";
  return permanent ? rejected(why, error) : providerUnavailable(why, error);
};
