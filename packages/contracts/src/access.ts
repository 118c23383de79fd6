import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { access } from "./common.ts";

/** Who may call a method: anyone, or holders of a permission. */
export type MethodAccess = { readonly kind: "public" } | { readonly kind: "permission"; readonly permission: string };

/**
 * The method's `(tandem.common.v1.access)` option. Undefined when it has none, or an empty one: then nobody may call it.
 */
export const accessOf = (method: DescMethod): MethodAccess | undefined => {
  if (!hasOption(method, access)) return undefined;
  const { rule } = getOption(method, access);
  if (rule.case === "permission" && rule.value !== "") return { kind: "permission", permission: rule.value };
  return rule.case === "public" && rule.value ? { kind: "public" } : undefined;
};

/** Whether callers without a token may share one answer: a public read whose option says `same_for_all`. */
export const isSameForAll = (method: DescMethod): boolean =>
  accessOf(method)?.kind === "public" &&
  method.methodKind === "unary" &&
  method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS &&
  getOption(method, access).sameForAll;
