import { AppError } from "@tandem/kernel";
import type { UpstreamAnswer } from "./upstreams.ts";

/** Answers up to this size leave in one piece. */
export const WHOLE_ANSWER_BYTES = 65_536;

const lengthOf = ({ headers }: Pick<UpstreamAnswer, "headers">): number =>
  Number(headers["content-length"] ?? Number.NaN);

/** Whether all of it is worth waiting for: it says that it is small. */
export const isSmall = (answer: Pick<UpstreamAnswer, "headers">): boolean => lengthOf(answer) <= WHOLE_ANSWER_BYTES;

/** All of a body that says that it is small. @throws what broke it off */
export const readSmall = async (body: UpstreamAnswer["body"]): Promise<Buffer> => Buffer.from(await body.arrayBuffer());

/** All of a body that may not say how long it is; undefined, and the rest left where it is, when that is too long. @throws what broke it off */
export const readUnlessLarge = async (answer: UpstreamAnswer): Promise<Buffer | undefined> => {
  const { body } = answer;
  if (isSmall(answer)) return readSmall(body);
  if (lengthOf(answer) > WHOLE_ANSWER_BYTES) {
    body.on("error", () => undefined).destroy();
    return undefined;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop lets go of the connection.
    if (size > WHOLE_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const answerBroken = (cause: unknown): AppError =>
  new AppError("unavailable", "gateway.answer_broken", "The answer broke off before it was complete.", { cause });
