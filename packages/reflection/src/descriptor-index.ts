import { type DescExtension, type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Everything that reflection can be asked about, by the names it is asked with. Built once; files are serialized when first asked for. */
export interface DescriptorIndex {
  /** Full names, sorted. */
  readonly serviceNames: readonly string[];
  file(name: string): DescFile | undefined;
  /** The file that declares a message, field, oneof, enum, enum value, extension, service or method, by its full name. */
  fileOfSymbol(fullName: string): DescFile | undefined;
  extension(containingType: string, number: number): DescExtension | undefined;
  /** Ascending; undefined when there is no such message. */
  extensionNumbers(typeName: string): readonly number[] | undefined;
  /** `file` first, then what it imports, each once, transitively. */
  withDependencies(file: DescFile): readonly DescFile[];
  serialize(file: DescFile): Uint8Array;
}

/** The names under which a file's declarations are found. Enum values live beside their enum, as in C++; both spellings are found. */
function* symbolsOf(file: DescFile): Generator<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === "message") {
      for (const field of type.fields) yield `${type.typeName}.${field.name}`;
      for (const oneof of type.oneofs) yield `${type.typeName}.${oneof.name}`;
    } else if (type.kind === "enum") {
      const scope = type.typeName.slice(0, type.typeName.length - type.name.length);
      for (const value of type.values) {
        yield `${scope}${value.name}`;
        yield `${type.typeName}.${value.name}`;
      }
    } else if (type.kind === "service") {
      for (const method of type.methods) yield `${type.typeName}.${method.name}`;
    }
  }
}

/** Breadth first, so that the nearest imports come first. Two generated copies of one file count as one: the first seen is kept. */
const closureOf = (roots: readonly DescFile[]): Map<string, DescFile> => {
  const found = new Map<string, DescFile>();
  const queue = [...roots];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (found.has(file.proto.name)) continue;
    found.set(file.proto.name, file);
    queue.push(...file.dependencies);
  }
  return found;
};

export const indexDescriptors = (
  services: readonly DescService[],
  extraFiles: Iterable<DescFile> = [],
): DescriptorIndex => {
  const files = closureOf([...services.map((service) => service.file), ...extraFiles]);
  const symbols = new Map<string, DescFile>();
  const messages = new Set<string>();
  const extensions = new Map<string, Map<number, DescExtension>>();
  for (const file of files.values()) {
    for (const symbol of symbolsOf(file)) if (!symbols.has(symbol)) symbols.set(symbol, file);
    for (const type of nestedTypes(file)) {
      if (type.kind === "message") messages.add(type.typeName);
      if (type.kind !== "extension") continue;
      const byNumber = extensions.get(type.extendee.typeName) ?? new Map<number, DescExtension>();
      if (!byNumber.has(type.number)) byNumber.set(type.number, type);
      extensions.set(type.extendee.typeName, byNumber);
    }
  }
  const serialized = new Map<string, Uint8Array>();
  return {
    serviceNames: [...new Set(services.map((service) => service.typeName))].sort(),
    file: (name) => files.get(name),
    fileOfSymbol: (fullName) => symbols.get(fullName.startsWith(".") ? fullName.slice(1) : fullName),
    extension: (containingType, number) => extensions.get(containingType)?.get(number),
    extensionNumbers: (typeName) =>
      messages.has(typeName) ? [...(extensions.get(typeName)?.keys() ?? [])].sort((a, b) => a - b) : undefined,
    withDependencies: (file) => [...closureOf([file]).keys()].flatMap((name) => files.get(name) ?? []),
    serialize: (file) => {
      const bytes = serialized.get(file.proto.name) ?? toBinary(FileDescriptorProtoSchema, file.proto);
      serialized.set(file.proto.name, bytes);
      return bytes;
    },
  };
};
