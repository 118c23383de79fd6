import { clientInvalid } from "../model/errors.ts";
import type { TokenSigner } from "./ports.ts";

/** Whether this is the client's secret; takes as long for a client that does not exist. */
export type CheckClient = (client: string, secret: string) => boolean;

export interface IssueServiceTokenDeps {
  readonly checkClient: CheckClient;
  readonly signer: TokenSigner;
  readonly ttlS: number;
}

/** A service's token for its secret: it names the service, which says to every verifier what it may do. @throws AppError `auth.client_invalid` */
export const makeIssueServiceToken =
  ({ checkClient, signer, ttlS }: IssueServiceTokenDeps) =>
  async (client: string, secret: string): Promise<{ readonly accessToken: string; readonly expiresInS: number }> => {
    if (!checkClient(client, secret)) throw clientInvalid();
    const accessToken = await signer.sign({
      subject: `service:${client}`,
      kind: "service",
      roles: [],
      ttlSeconds: ttlS,
    });
    return { accessToken, expiresInS: ttlS };
  };
