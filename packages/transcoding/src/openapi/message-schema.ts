import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescOneof,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { CommentReader } from "./comments.ts";
import { constrainField, isRequiredOneof, messageRuleText } from "./constraint.ts";
import { described, type JsonSchema, paragraphs, refTo } from "./json-schema.ts";

export interface SchemaOptions {
  readonly commentOf: CommentReader;
  /** As the transcoder's `json`: proto names for JSON names, numbers for enum names. */
  readonly useProtoFieldName: boolean;
  readonly enumAsInteger: boolean;
}

/** Schemas of proto JSON, each message and enum once, under its full name, in `components`. */
export interface SchemaCatalogue {
  readonly components: Record<string, JsonSchema>;
  message(desc: DescMessage): JsonSchema;
  /** A field's value: its type, comment and rules. */
  field(field: DescField): JsonSchema;
  /** The message inlined, without some of its fields (which the path carries). */
  messageWithout(desc: DescMessage, fields: ReadonlySet<DescField>): JsonSchema;
  nameOf(field: DescField): string;
  isRequired(field: DescField): boolean;
}

const signed64 = { type: "string", format: "int64", pattern: "^-?[0-9]+$" };
const unsigned64 = { type: "string", format: "uint64", pattern: "^[0-9]+$" };
const signed32 = { type: "integer", format: "int32" };
const unsigned32 = { type: "integer", format: "uint32", minimum: 0 };

const scalarSchemas: Readonly<Record<ScalarType, JsonSchema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT32]: signed32,
  [ScalarType.SINT32]: signed32,
  [ScalarType.SFIXED32]: signed32,
  [ScalarType.UINT32]: unsigned32,
  [ScalarType.FIXED32]: unsigned32,
  [ScalarType.INT64]: signed64,
  [ScalarType.SINT64]: signed64,
  [ScalarType.SFIXED64]: signed64,
  [ScalarType.UINT64]: unsigned64,
  [ScalarType.FIXED64]: unsigned64,
};

const wellKnown: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" },
  "google.protobuf.FieldMask": { type: "string", description: "Field names in camelCase, separated by commas." },
  "google.protobuf.Struct": { type: "object", additionalProperties: true },
  "google.protobuf.Value": {},
  "google.protobuf.ListValue": { type: "array", items: {} },
  "google.protobuf.Empty": { type: "object" },
  "google.protobuf.Any": {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
    additionalProperties: true,
  },
};

const mapKeys = (key: ScalarType): JsonSchema | undefined => {
  if (key === ScalarType.STRING) return undefined;
  if (key === ScalarType.BOOL) return { enum: ["true", "false"] };
  const unsigned = [ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED32, ScalarType.FIXED64].includes(key);
  return { pattern: unsigned ? "^[0-9]+$" : "^-?[0-9]+$" };
};

export const createSchemaCatalogue = (options: SchemaOptions): SchemaCatalogue => {
  const { commentOf, useProtoFieldName, enumAsInteger } = options;
  const components: Record<string, JsonSchema> = {};
  const nameOf = (field: DescField): string => (useProtoFieldName ? field.name : field.jsonName);

  const enumSchema = (desc: DescEnum): JsonSchema => {
    if (desc.typeName === "google.protobuf.NullValue") return { type: "null" };
    const told = desc.values.flatMap((value) => {
      const comment = paragraphs(commentOf(value), value.deprecated ? "Deprecated." : undefined);
      return comment === undefined ? [] : [`- \`${value.jsonName}\`: ${comment.replaceAll(/\s+/g, " ")}`];
    });
    const values: JsonValue[] = desc.values.map((value) => (enumAsInteger ? value.number : value.jsonName));
    const schema = { type: enumAsInteger ? "integer" : "string", enum: [...new Set(values)] };
    components[desc.typeName] ??= described(schema, commentOf(desc), told.join("\n"));
    return refTo(desc.typeName);
  };

  const single = (field: DescField): JsonSchema => {
    if (field.enum !== undefined) return enumSchema(field.enum);
    if (field.message !== undefined) return message(field.message);
    return { ...scalarSchemas[field.scalar ?? ScalarType.STRING] };
  };

  const typeOf = (field: DescField): JsonSchema => {
    if (field.fieldKind === "list") return { type: "array", items: single(field) };
    if (field.fieldKind !== "map") return single(field);
    const keys = mapKeys(field.mapKey);
    return { type: "object", additionalProperties: single(field), ...(keys && { propertyNames: keys }) };
  };

  const field = (one: DescField): JsonSchema => {
    const { schema } = constrainField(one, typeOf(one));
    const comment = commentOf(one);
    const full =
      comment === undefined
        ? schema
        : { ...schema, description: paragraphs(comment, schema["description"] as string) as string };
    return one.deprecated ? { ...full, deprecated: true } : full;
  };

  /** At most one of the members, or exactly one where the oneof is required. */
  const oneofSchema = (oneof: DescOneof): JsonSchema => {
    const members: JsonSchema[] = oneof.fields.map((member) => ({ required: [nameOf(member)] }));
    return { oneOf: isRequiredOneof(oneof) ? members : [...members, { not: { anyOf: members } }] };
  };

  const objectSchema = (desc: DescMessage, without: ReadonlySet<DescField>): JsonSchema => {
    const fields = desc.fields.filter((one) => !without.has(one));
    const required = fields.filter(isRequired).map(nameOf);
    const oneofs = desc.oneofs.filter(
      (oneof) => oneof.fields.length > 1 && !oneof.fields.some((one) => without.has(one)),
    );
    const schema: JsonSchema = {
      type: "object",
      properties: Object.fromEntries(fields.map((one) => [nameOf(one), field(one)])),
      ...(required.length > 0 && { required }),
      ...(oneofs.length > 0 && { allOf: oneofs.map(oneofSchema) }),
      ...(desc.deprecated && { deprecated: true }),
    };
    return described(schema, commentOf(desc), messageRuleText(desc));
  };

  const message = (desc: DescMessage): JsonSchema => {
    const known = wellKnown[desc.typeName];
    if (known !== undefined) return { ...known };
    if (isWrapperDesc(desc)) {
      const inner = scalarSchemas[(desc.fields[0] as DescField).scalar ?? ScalarType.STRING];
      return { ...inner, type: [inner["type"] as string, "null"] };
    }
    if (components[desc.typeName] === undefined) {
      components[desc.typeName] = {}; // holds the place: messages may be recursive
      components[desc.typeName] = objectSchema(desc, new Set());
    }
    return refTo(desc.typeName);
  };

  const isRequired = (one: DescField): boolean => constrainField(one, typeOf(one)).required;

  return { components, message, field, messageWithout: objectSchema, nameOf, isRequired };
};
