import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import type { FileDescriptorSet, SourceCodeInfo } from "@bufbuild/protobuf/wkt";

type Commented = DescMessage | DescEnum | DescEnumValue | DescField | DescService | DescMethod;

/** Field numbers of google/protobuf/descriptor.proto: a source path is made of them and of indexes. */
const fileMessage = 4;
const fileEnum = 5;
const fileService = 6;
const messageField = 2;
const messageNested = 3;
const messageEnum = 4;
const enumValue = 2;
const serviceMethod = 2;

const pathOf = (desc: Commented): number[] => {
  switch (desc.kind) {
    case "service":
      return [fileService, desc.file.services.indexOf(desc)];
    case "rpc":
      return [...pathOf(desc.parent), serviceMethod, desc.parent.methods.indexOf(desc)];
    case "field":
      // By number: `fields` follow the source as descriptors do, but hold no groups' synthetic ones.
      return [
        ...pathOf(desc.parent),
        messageField,
        desc.parent.proto.field.findIndex(({ number }) => number === desc.number),
      ];
    case "enum_value":
      return [...pathOf(desc.parent), enumValue, desc.parent.values.indexOf(desc)];
    case "enum":
      return desc.parent === undefined
        ? [fileEnum, desc.file.enums.indexOf(desc)]
        : [...pathOf(desc.parent), messageEnum, desc.parent.proto.enumType.findIndex(({ name }) => name === desc.name)];
    case "message":
      return desc.parent === undefined
        ? [fileMessage, desc.file.messages.indexOf(desc)]
        : [
            ...pathOf(desc.parent),
            messageNested,
            desc.parent.proto.nestedType.findIndex(({ name }) => name === desc.name),
          ];
  }
};

const fileOf = (desc: Commented): DescFile => {
  if (desc.kind === "rpc" || desc.kind === "field" || desc.kind === "enum_value") return fileOf(desc.parent);
  return desc.file;
};

/** Unique among all: a scope gives each name once. */
const fullNameOf = (desc: Commented): string =>
  desc.kind === "rpc" || desc.kind === "field" || desc.kind === "enum_value"
    ? `${desc.parent.typeName}.${desc.name}`
    : desc.typeName;

/** "// a\n// b" arrives as " a\n b\n". */
const clean = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line.slice(1) : line))
    .join("\n")
    .trim();

const index = (info: SourceCodeInfo): Map<string, string> => {
  const comments = new Map<string, string>();
  for (const { path, leadingComments, trailingComments } of info.location) {
    const text = clean(leadingComments || trailingComments);
    if (text !== "") comments.set(path.join("."), text);
  }
  return comments;
};

export type CommentReader = (desc: Commented) => string | undefined;

/** Comments by full name: `orders.v1.OrderService.GetOrder`, `orders.v1.Order.lines`. */
export type Comments = Readonly<Record<string, string>>;

/**
 * Reads the comments of the proto source: from `comments`, from `sources` (of `buf build -o x.binpb`, `protoc --include_source_info`), else
 * from the descriptor itself. Generated code carries none.
 */
export const createCommentReader = (sources?: FileDescriptorSet, byName?: Comments): CommentReader => {
  if (byName !== undefined) return (desc) => byName[fullNameOf(desc)];
  const given = new Map(sources?.file.map((file) => [file.name, file.sourceCodeInfo]));
  const indexed = new Map<string, Map<string, string>>();
  return (desc) => {
    const file = fileOf(desc).proto;
    let comments = indexed.get(file.name);
    if (comments === undefined) {
      const info = given.get(file.name) ?? file.sourceCodeInfo;
      comments = info === undefined ? new Map() : index(info);
      indexed.set(file.name, comments);
    }
    return comments.get(pathOf(desc).join("."));
  };
};

const commentedIn = (message: DescMessage): readonly Commented[] => [
  message,
  ...message.fields,
  ...message.nestedEnums.flatMap((one) => [one, ...one.values]),
  ...message.nestedMessages.flatMap(commentedIn),
];

/** All comments of files that have their source info (a plugin of protoc gets them so): to keep beside generated code, for `comments`. */
export const collectComments = (files: readonly DescFile[]): Comments => {
  const read = createCommentReader();
  const all = files.flatMap(({ services, messages, enums }): readonly Commented[] => [
    ...services.flatMap((one) => [one, ...one.methods]),
    ...enums.flatMap((one) => [one, ...one.values]),
    ...messages.flatMap(commentedIn),
  ]);
  return Object.fromEntries(
    all.flatMap((desc) => {
      const comment = read(desc);
      return comment === undefined ? [] : [[fullNameOf(desc), comment]];
    }),
  );
};
