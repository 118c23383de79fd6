import type { DescField, Message } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

/** A message of this type is not JSON: its data is the HTTP body as it stands. By name, so that any generated copy counts. */
export const httpBodyName = "google.api.HttpBody";

const fieldNamed = (target: ReflectMessage, name: string): DescField => {
  const field = target.fields.find((one) => one.name === name);
  if (field === undefined) throw new TypeError(`${httpBodyName} without ${name}`);
  return field;
};

export const setHttpBody = (target: ReflectMessage, contentType: string, data: Uint8Array): void => {
  target.set(fieldNamed(target, "content_type"), contentType);
  target.set(fieldNamed(target, "data"), data);
};

export interface RawBody {
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** The fields of a google.api.HttpBody message, whichever copy generated it. */
export const rawBodyOf = (message: Message): RawBody => {
  const { contentType, data } = message as Message & Partial<RawBody>;
  return { contentType: contentType || "application/octet-stream", data: data ?? new Uint8Array() };
};
