import type { AuthService } from "@tandem/contracts/auth";
import type { RpcClient } from "@tandem/rpc";
import type { AskForSecret, MessageSender } from "../biz/ports.ts";
import { secretMark } from "../model/template.ts";

/** Puts a message's secret in on its way out, and sends it to whom it belongs: neither is ever written down here. */
export const putSecretIn = (sender: MessageSender, ask: AskForSecret): MessageSender => ({
  async send({ secretId, ...message }, signal) {
    if (secretId === undefined) return sender.send(message, signal);
    const { secret, address } = await ask(secretId, signal);
    const fill = (text: string) => text.replaceAll(secretMark(secretId), secret);
    const { subject, text, html } = message;
    return sender.send({ ...message, address, subject: fill(subject), text: fill(text), html: fill(html) }, signal);
  },
});

/** From auth, as this service: the token that lets the reader of a mailbox confirm it, or set a new password. */
export const askAuth =
  (auth: Pick<RpcClient<typeof AuthService>, "issueVerificationToken">): AskForSecret =>
  async (verificationId, signal) => {
    const { token, email } = await auth.issueVerificationToken({ verificationId }, { signal });
    return { secret: token, address: email };
  };
