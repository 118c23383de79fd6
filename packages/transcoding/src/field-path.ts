import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { invalidField } from "./fault.ts";

const names = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Fields by their proto name and by their JSON name. A proto name wins where they clash. */
export const fieldsByName = (message: DescMessage): ReadonlyMap<string, DescField> => {
  let known = names.get(message);
  if (known === undefined) {
    known = new Map([
      ...message.fields.map((field) => [field.jsonName, field] as const),
      ...message.fields.map((field) => [field.name, field] as const),
    ]);
    names.set(message, known);
  }
  return known;
};

/** Below this depth a dotted path is refused: messages may be recursive. */
const maxDepth = 32;

/** Resolves `a.b.c`; undefined when a step is no field, or is no message though more follows. */
export const resolveFieldPath = (message: DescMessage, path: string): readonly DescField[] | undefined => {
  const steps = path.split(".");
  if (steps.length > maxDepth) return undefined;
  const fields: DescField[] = [];
  let at: DescMessage | undefined = message;
  for (const step of steps) {
    const field: DescField | undefined = at === undefined ? undefined : fieldsByName(at).get(step);
    if (field === undefined) return undefined;
    fields.push(field);
    at = field.fieldKind === "message" ? field.message : undefined;
  }
  return fields;
};

/** @throws RequestFault when another member of the field's oneof is set: the last one would win in silence */
const claimOneof = (parent: ReflectMessage, field: DescField, name: string): void => {
  const rival = field.oneof && parent.oneofCase(field.oneof);
  if (rival !== undefined && rival !== field)
    throw invalidField(name, `"${rival.jsonName}", of the same oneof, is given as well`);
};

/**
 * The message that holds the last field of the path; missing messages on the way are created and set.
 * @param name the path as the caller wrote it, for the error
 * @throws RequestFault when a field on the way, or the last one, shares a oneof with one that is set
 */
export const reachParent = (root: ReflectMessage, path: readonly DescField[], name: string): ReflectMessage => {
  let at = root;
  for (const [index, field] of path.entries()) {
    claimOneof(at, field, name);
    if (index === path.length - 1) return at;
    if (field.fieldKind !== "message") throw new TypeError(`${field.name} is no message`);
    const next: ReflectMessage = at.isSet(field) ? at.get(field) : reflect(field.message);
    if (!at.isSet(field)) at.set(field, next);
    at = next;
  }
  return at;
};
