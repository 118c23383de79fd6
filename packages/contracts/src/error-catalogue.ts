import { type DescEnumValue, getOption, hasOption } from "@bufbuild/protobuf";
import type { ErrorKind } from "@tandem/kernel";
import { error, ErrorKind as ProtoKind } from "./common.ts";
import { contextOf, files } from "./registry.ts";

export interface ErrorEntry {
  /** `order.not_found`: what callers compare. */
  readonly slug: string;
  /** The `code` of REST answers. Shared errors: 100 to 999; a context's: its number times 1000 and up. */
  readonly number: number;
  readonly kind: ErrorKind;
  readonly message: string;
  /** The context that declares it, or `common`. */
  readonly context: string;
}

const kinds: ReadonlyMap<ProtoKind, ErrorKind> = new Map([
  [ProtoKind.INVALID_ARGUMENT, "invalid_argument"],
  [ProtoKind.UNAUTHENTICATED, "unauthenticated"],
  [ProtoKind.PERMISSION_DENIED, "permission_denied"],
  [ProtoKind.NOT_FOUND, "not_found"],
  [ProtoKind.ALREADY_EXISTS, "already_exists"],
  [ProtoKind.CONFLICT, "conflict"],
  [ProtoKind.FAILED_PRECONDITION, "failed_precondition"],
  [ProtoKind.RESOURCE_EXHAUSTED, "resource_exhausted"],
  [ProtoKind.DEADLINE_EXCEEDED, "deadline_exceeded"],
  [ProtoKind.UNAVAILABLE, "unavailable"],
  [ProtoKind.CANCELLED, "cancelled"],
  [ProtoKind.UNIMPLEMENTED, "unimplemented"],
  [ProtoKind.INTERNAL, "internal"],
]);

const toEntry = (value: DescEnumValue): ErrorEntry => {
  const { slug, kind, message } = getOption(value, error);
  const known = kinds.get(kind);
  if (known === undefined || slug === "") throw new TypeError(`${value}: an error needs a slug and a kind`);
  return { slug, number: value.number, kind: known, message, context: contextOf(value.parent.file) };
};

/** Every error that callers may see, by slug: the enum values that carry the option `(tandem.common.v1.error)`. */
export const errorCatalogue: Readonly<Record<string, ErrorEntry>> = Object.freeze(
  files
    .flatMap((file) => file.enums)
    .flatMap((candidate) => candidate.values)
    .filter((value) => hasOption(value, error))
    .map(toEntry)
    // Without a prototype: `errorCatalogue["constructor"]` is undefined.
    .reduce<Record<string, ErrorEntry>>(
      (all, entry) => Object.assign(all, { [entry.slug]: entry }),
      Object.create(null),
    ),
);
