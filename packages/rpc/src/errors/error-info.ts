import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { errorCatalogue } from "@tandem/contracts";
import { type ErrorInfo, ErrorInfoSchema } from "@tandem/contracts/common";
import type { AppError, ErrorDetail } from "@tandem/kernel";
import { fallbackNumberOfKind } from "./codes.ts";

/** The catalogue's number of a slug; for slugs outside of it, one number per kind. Never 0, which means success. */
export const numberOf = (error: Pick<AppError, "code" | "kind">): number =>
  errorCatalogue[error.code]?.number ?? fallbackNumberOfKind(error.kind);

/** The detail that carries slug, number and violations in Connect and gRPC errors. */
export const errorInfoDetail = (
  error: AppError,
): { readonly desc: typeof ErrorInfoSchema; readonly value: ErrorInfo } => ({
  desc: ErrorInfoSchema,
  value: create(ErrorInfoSchema, {
    slug: error.code,
    number: numberOf(error),
    message: error.message,
    retryable: error.retryable,
    violations: error.details.map(({ field = "", rule = "", message }) => ({ field, rule, message })),
  }),
});

export interface ReadErrorInfo {
  readonly slug: string;
  readonly number: number;
  readonly retryable: boolean;
  readonly details: readonly ErrorDetail[];
}

/** What a ConnectError carries of {@link errorInfoDetail}; undefined when the other side is not one of ours. */
export const readErrorInfo = (error: ConnectError): ReadErrorInfo | undefined => {
  const info = error.findDetails(ErrorInfoSchema)[0];
  if (info === undefined || info.slug === "") return undefined;
  const details = info.violations.map(({ field, rule, message }) => ({
    ...(field === "" ? {} : { field }),
    ...(rule === "" ? {} : { rule }),
    message,
  }));
  return { slug: info.slug, number: info.number, retryable: info.retryable, details };
};
