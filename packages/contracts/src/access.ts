import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
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
