import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldsByName } from "./field-path.ts";
import { parameterParser } from "./parameter.ts";

const MOST = 15;

const say = (names: readonly string[]): string => {
  if (names.length === 0) return "there are none";
  const shown = names.slice(0, MOST).join(", ");
  return `there ${names.length === 1 ? "is" : "are"} ${shown}${names.length > MOST ? ", ..." : ""}`;
};

/** For whoever wrote a field that a message has not: those that it has. */
export const sayFields = ({ fields }: DescMessage): string => say(fields.map(({ jsonName }) => jsonName));

/**
 * The same for a name in the query: the fields of the message that its path gets to, else those of the request.
 * @param may whether a field of the request can be given in the query at all
 */
export const sayParameters = (input: DescMessage, name: string, may: (field: DescField) => boolean): string => {
  let at = input;
  const prefix: string[] = [];
  for (const step of name.split(".").slice(0, 4)) {
    const field: DescField | undefined = fieldsByName(at).get(step);
    if (field?.fieldKind !== "message" || parameterParser(field) !== undefined) break;
    at = field.message;
    prefix.push(field.jsonName);
  }
  const fields = at === input ? at.fields.filter(may) : at.fields;
  const names = fields.flatMap((field): readonly string[] => {
    if (parameterParser(field) !== undefined) return [field.jsonName];
    const inner = field.fieldKind === "message" ? field.message.fields : [];
    return inner.filter((one) => parameterParser(one) !== undefined).map((one) => `${field.jsonName}.${one.jsonName}`);
  });
  return say(names.map((one) => [...prefix, one].join(".")));
};
