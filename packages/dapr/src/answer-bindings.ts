import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "@tandem/runtime";
import { type AppCallback, BindingEventResponseSchema } from "./gen/dapr/proto/runtime/v1/appcallback_pb.ts";
import type { InFlight } from "./track-in-flight.ts";
import type { RequestHeader, UnaryAnswers } from "./unary-grpc/methods.ts";

export interface BindingAnswers {
  readonly bindings: Readonly<Record<string, (firedAt: Date) => Promise<void>>>;
  readonly log: Logger;
  readonly inFlight: InFlight;
  readonly verify: (header: RequestHeader) => void;
}

type Callbacks = Pick<UnaryAnswers<typeof AppCallback>, "listInputBindings" | "onBindingEvent">;

/** Input bindings. Dapr's cron ignores the answer, so a failure is logged here, and a missed slot is the job engine's to notice. */
export const answerBindings = ({ bindings, log, inFlight, verify }: BindingAnswers): Callbacks => ({
  listInputBindings: () => ({ bindings: Object.keys(bindings) }),

  onBindingEvent: async ({ name, metadata }, { requestHeader }) => {
    verify(requestHeader);
    const handler = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
    if (handler === undefined) throw new ConnectError(`no handler for binding ${name}`, Code.NotFound);
    if (inFlight.refusing) throw new ConnectError("draining", Code.Unavailable);
    try {
      await inFlight.run(() => handler(firedAt(metadata["readTimeUTC"])));
    } catch (error) {
      log.error({ err: error, binding: name }, "binding handler failed");
      throw new ConnectError(`binding ${name} failed`, Code.Internal);
    }
    return create(BindingEventResponseSchema);
  },
});

/** daprd prints Go's form, `2026-01-02 15:04:05.123456789 +0000 UTC`: the moment of firing, not the scheduled one. */
export const firedAt = (text: string | undefined): Date => {
  const [, day, time, millis = ""] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?/.exec(text ?? "") ?? [];
  return day === undefined ? new Date() : new Date(`${day}T${time}.${millis.padEnd(3, "0").slice(0, 3)}Z`);
};
