import {
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  Ignore,
  message as messageRules,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { FieldBehavior, field_behavior } from "../gen/google/api/field_behavior_pb.ts";
import { described, type JsonSchema } from "./json-schema.ts";

type Rules = { readonly [name: string]: JsonValue };

/** What JSON Schema calls the formats that protovalidate knows. */
const formats: Readonly<Record<string, string>> = {
  email: "email",
  hostname: "hostname",
  ip: "ip",
  ipv4: "ipv4",
  ipv6: "ipv6",
  uri: "uri",
  uriRef: "uri-reference",
  address: "hostname",
  uuid: "uuid",
};

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const objectOf = (value: JsonValue | undefined): Rules =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

const stringRules = (rules: Rules): JsonSchema => {
  const schema: JsonSchema = {};
  const length = rules["len"];
  const least = rules["minLen"] ?? length;
  const most = rules["maxLen"] ?? length;
  if (least !== undefined) schema["minLength"] = Number(least);
  if (most !== undefined) schema["maxLength"] = Number(most);
  const patterns = [
    rules["pattern"],
    rules["prefix"] === undefined ? undefined : `^${escapePattern(String(rules["prefix"]))}`,
    rules["suffix"] === undefined ? undefined : `${escapePattern(String(rules["suffix"]))}$`,
    rules["contains"] === undefined ? undefined : escapePattern(String(rules["contains"])),
  ].filter((pattern) => pattern !== undefined);
  if (patterns.length === 1) schema["pattern"] = patterns[0] as JsonValue;
  if (patterns.length > 1) schema["allOf"] = patterns.map((pattern) => ({ pattern }));
  for (const [rule, format] of Object.entries(formats)) if (rules[rule] === true) schema["format"] = format;
  return schema;
};

/** Bounds of numbers; those of 64-bit ones, which are strings in JSON, can only be told. */
const numberRules = (rules: Rules, asText: boolean): JsonSchema => {
  const bounds = {
    minimum: rules["gte"],
    exclusiveMinimum: rules["gt"],
    maximum: rules["lte"],
    exclusiveMaximum: rules["lt"],
  };
  const signs = { minimum: ">=", exclusiveMinimum: ">", maximum: "<=", exclusiveMaximum: "<" };
  const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined) as [keyof typeof signs, JsonValue][];
  if (!asText) return Object.fromEntries(given.map(([keyword, bound]) => [keyword, Number(bound)]));
  return given.length === 0
    ? {}
    : { description: `Range: ${given.map(([keyword, bound]) => `${signs[keyword]} ${bound}`).join(", ")}.` };
};

const valueRules = (rules: Rules): JsonSchema => {
  const schema: JsonSchema = {};
  if (rules["const"] !== undefined) schema["const"] = rules["const"];
  if (listOf(rules["in"]).length > 0) schema["enum"] = listOf(rules["in"]);
  if (listOf(rules["notIn"]).length > 0) schema["not"] = { enum: listOf(rules["notIn"]) };
  return schema;
};

/** Where an unset field is exempt from its rules, its zero must fit the schema as well. */
const admitZero = (schema: JsonSchema, zero: JsonValue): JsonSchema => {
  const { minLength: _length, minItems: _items, minProperties: _properties, pattern, allOf, ...rest } = schema;
  if (typeof pattern === "string") rest["pattern"] = `^$|${pattern}`;
  if (Array.isArray(allOf)) rest["anyOf"] = [{ const: zero }, { allOf }];
  if (Array.isArray(rest["enum"])) rest["enum"] = [zero, ...rest["enum"].filter((value) => value !== zero)];
  if (rest["const"] !== undefined) {
    rest["enum"] = [zero, rest["const"]];
    delete rest["const"];
  }
  if (Number(rest["minimum"]) > 0 || Number(rest["exclusiveMinimum"]) >= 0) {
    delete rest["exclusiveMinimum"];
    rest["minimum"] = 0;
  }
  return rest;
};

const numeric = /^(float|double|s?(int|fixed)(32|64)|u?int(32|64)|fixed(32|64)|sfixed(32|64))$/;

/** Adds the rules of one value to its schema. `rules` is buf.validate.FieldRules as JSON. */
const constrain = (schema: JsonSchema, rules: Rules, field: DescField): JsonSchema => {
  const [kind = "", own] =
    Object.entries(rules).find(
      ([name]) => numeric.test(name) || ["string", "bytes", "bool", "enum", "repeated", "map"].includes(name),
    ) ?? [];
  const typed = objectOf(own);
  if (kind === "string") return { ...schema, ...stringRules(typed), ...valueRules(typed) };
  if (kind === "bool") return { ...schema, ...valueRules(typed) };
  if (numeric.test(kind)) {
    const asText = schema["type"] === "string";
    const bounded = { ...schema, ...valueRules(typed) };
    const { description, ...bounds } = numberRules(typed, asText);
    return described({ ...bounded, ...bounds }, description as string | undefined);
  }
  if (kind === "enum" && field.enum !== undefined) {
    const names = (numbers: JsonValue[]) =>
      numbers.map((number) => field.enum?.value[Number(number)]?.jsonName ?? number);
    const said = valueRules({
      ...(typed["const"] !== undefined && { const: names([typed["const"]])[0] as JsonValue }),
      in: names(listOf(typed["in"])),
      notIn: names(listOf(typed["notIn"])),
    });
    return { ...schema, ...said };
  }
  if (kind === "repeated") {
    const bounded: JsonSchema = { ...schema };
    if (typed["minItems"] !== undefined) bounded["minItems"] = Number(typed["minItems"]);
    if (typed["maxItems"] !== undefined) bounded["maxItems"] = Number(typed["maxItems"]);
    if (typed["unique"] === true) bounded["uniqueItems"] = true;
    if (typed["items"] !== undefined)
      bounded["items"] = constrain(objectOf(schema["items"]) as JsonSchema, objectOf(typed["items"]), field);
    return bounded;
  }
  if (kind === "map") {
    const bounded: JsonSchema = { ...schema };
    if (typed["minPairs"] !== undefined) bounded["minProperties"] = Number(typed["minPairs"]);
    if (typed["maxPairs"] !== undefined) bounded["maxProperties"] = Number(typed["maxPairs"]);
    const keys = objectOf(objectOf(typed["keys"])["string"]);
    if (Object.keys(keys).length > 0) bounded["propertyNames"] = { ...stringRules(keys), ...valueRules(keys) };
    if (typed["values"] !== undefined) {
      bounded["additionalProperties"] = constrain(
        objectOf(schema["additionalProperties"]) as JsonSchema,
        objectOf(typed["values"]),
        field,
      );
    }
    return bounded;
  }
  return schema;
};

export interface FieldConstraint {
  readonly required: boolean;
  readonly schema: JsonSchema;
}

const celMessages = (
  rules: readonly { readonly message: string; readonly expression: string }[],
): string | undefined =>
  rules.length === 0
    ? undefined
    : `Rules: ${rules.map(({ message, expression }) => message || expression).join("; ")}.`;

const zeroOf = ({ type, format }: JsonSchema): JsonValue => {
  if (type === "string") return format === "int64" || format === "uint64" ? "0" : "";
  return type === "boolean" ? false : type === "array" ? [] : 0;
};

/** Does the zero that an absent field stands for break the rules? Then it has to be given, though nothing says `required`. */
const refusesZero = (schema: JsonSchema, zero: JsonValue): boolean => {
  const { minLength, minItems, minProperties, minimum, exclusiveMinimum, format, enum: values, not } = schema;
  if ([minLength, minItems, minProperties, minimum].some((least) => Number(least ?? 0) > 0)) return true;
  if (exclusiveMinimum !== undefined && Number(exclusiveMinimum) >= 0) return true;
  if (schema["const"] !== undefined && schema["const"] !== zero) return true;
  if (Array.isArray(values) && !values.includes(zero)) return true;
  if (listOf(objectOf(not)["enum"]).includes(zero)) return true;
  return zero === "" && Object.values(formats).includes(String(format));
};

/** The field's schema with what `(buf.validate.field)` and `(google.api.field_behavior)` say; both are read by number, from any copy. */
export const constrainField = (field: DescField, schema: JsonSchema): FieldConstraint => {
  const behaviors = getOption(field, field_behavior);
  const access: JsonSchema = {
    ...(behaviors.includes(FieldBehavior.OUTPUT_ONLY) && { readOnly: true }),
    ...(behaviors.includes(FieldBehavior.INPUT_ONLY) && { writeOnly: true }),
  };
  const required = behaviors.includes(FieldBehavior.REQUIRED);
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  if (rules === undefined || rules.ignore === Ignore.ALWAYS) return { required, schema: { ...schema, ...access } };
  const zero = (field.fieldKind === "enum" && field.enum.values[0]?.jsonName) || zeroOf(schema);
  const constrained = constrain(schema, objectOf(toJson(FieldRulesSchema, rules)), field);
  const lenient = rules.ignore === Ignore.IF_ZERO_VALUE;
  const implicit = field.presence === FeatureSet_FieldPresence.IMPLICIT && field.oneof === undefined;
  return {
    required: required || rules.required || (implicit && !lenient && refusesZero(constrained, zero)),
    schema: described({ ...(lenient ? admitZero(constrained, zero) : constrained), ...access }, celMessages(rules.cel)),
  };
};

export const isRequiredOneof = (oneof: DescOneof): boolean =>
  hasOption(oneof, oneofRules) && getOption(oneof, oneofRules).required;

/** What `(buf.validate.message)` demands of the message as a whole, in words. */
export const messageRuleText = (message: DescMessage): string | undefined =>
  hasOption(message, messageRules) ? celMessages(getOption(message, messageRules).cel) : undefined;
