import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  createReflectionRoutes,
  type ReflectionOptions,
  ServerReflectionV1,
  ServerReflectionV1Alpha,
} from "../src/index.ts";
import { file_zoo_v1_extra } from "./gen/zoo/v1/extra_pb.ts";
import { ZooService } from "./gen/zoo/v1/zoo_pb.ts";

type Ask = MessageInitShape<(typeof ServerReflectionV1)["method"]["serverReflectionInfo"]["input"]>["messageRequest"];

/** One stream, all questions, all answers: as plain values, files by their names. */
const askOn = async (service: typeof ServerReflectionV1, asks: readonly Ask[], options: ReflectionOptions = {}) => {
  const transport = createRouterTransport((router) => {
    createReflectionRoutes({ services: [ZooService], ...options })(router);
  });
  const questions = (async function* () {
    for (const messageRequest of asks) yield { host: "zoo.test", messageRequest };
  })();
  const answers = [];
  for await (const answer of createClient(service, transport).serverReflectionInfo(questions)) {
    const { case: kind, value } = answer.messageResponse;
    answers.push(
      kind === "fileDescriptorResponse"
        ? value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
        : kind === "listServicesResponse"
          ? value.service.map(({ name }) => name)
          : kind === "allExtensionNumbersResponse"
            ? [value.baseTypeName, value.extensionNumber]
            : kind === "errorResponse"
              ? [value.errorCode, value.errorMessage]
              : kind,
    );
    expect(answer.validHost).toBe("zoo.test");
    expect(answer.originalRequest?.messageRequest.case).toBe(asks[answers.length - 1]?.case);
  }
  return answers;
};

const timestamp = "google/protobuf/timestamp.proto";
const animal = ["zoo/v1/animal.proto", timestamp];
const zoo = ["zoo/v1/zoo.proto", timestamp, "zoo/v1/animal.proto"];

const table: readonly (readonly [rule: string, ask: Ask, answer: unknown])[] = [
  [
    "lists services by full name, sorted, itself included",
    { case: "listServices", value: "" },
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "zoo.v1.ZooService"],
  ],
  ["gives a file with all that it imports", { case: "fileByFilename", value: "zoo/v1/zoo.proto" }, zoo],
  ["gives an imported well-known file", { case: "fileByFilename", value: timestamp }, [timestamp]],
  [
    "says not found for an unknown file",
    { case: "fileByFilename", value: "zoo/v2/zoo.proto" },
    [5, 'not found: file "zoo/v2/zoo.proto"'],
  ],
  ["finds a service", { case: "fileContainingSymbol", value: "zoo.v1.ZooService" }, zoo],
  ["finds a method", { case: "fileContainingSymbol", value: "zoo.v1.ZooService.Feed" }, zoo],
  ["finds a message", { case: "fileContainingSymbol", value: "zoo.v1.Animal" }, animal],
  ["finds a name with a leading dot", { case: "fileContainingSymbol", value: ".zoo.v1.Animal" }, animal],
  ["finds a field", { case: "fileContainingSymbol", value: "zoo.v1.Animal.name" }, animal],
  ["finds a field of a oneof", { case: "fileContainingSymbol", value: "zoo.v1.Animal.cage" }, animal],
  ["finds a oneof", { case: "fileContainingSymbol", value: "zoo.v1.Animal.home" }, animal],
  ["finds a nested message", { case: "fileContainingSymbol", value: "zoo.v1.Animal.Meadow" }, animal],
  ["finds a nested enum", { case: "fileContainingSymbol", value: "zoo.v1.Animal.Meadow.Grass" }, animal],
  ["finds an enum", { case: "fileContainingSymbol", value: "zoo.v1.Size" }, animal],
  [
    "finds an enum value beside its enum, where proto scopes it",
    { case: "fileContainingSymbol", value: "zoo.v1.SIZE_LARGE" },
    animal,
  ],
  [
    "finds an enum value under its enum, as people write it",
    { case: "fileContainingSymbol", value: "zoo.v1.Size.SIZE_LARGE" },
    animal,
  ],
  ["finds a nested enum's value", { case: "fileContainingSymbol", value: "zoo.v1.Animal.Meadow.GRASS_TALL" }, animal],
  ["finds a nested extension", { case: "fileContainingSymbol", value: "zoo.v1.Animal.keeper" }, animal],
  [
    "finds a message of an imported file",
    { case: "fileContainingSymbol", value: "google.protobuf.Timestamp" },
    [timestamp],
  ],
  [
    "says not found for an unknown symbol",
    { case: "fileContainingSymbol", value: "zoo.v1.Zebra" },
    [5, 'not found: symbol "zoo.v1.Zebra"'],
  ],
  [
    "says not found for a package, which is no symbol",
    { case: "fileContainingSymbol", value: "zoo.v1" },
    [5, 'not found: symbol "zoo.v1"'],
  ],
  [
    "finds an extension by type and number",
    { case: "fileContainingExtension", value: { containingType: "zoo.v1.Animal", extensionNumber: 101 } },
    animal,
  ],
  [
    "says not found for a number nobody took",
    { case: "fileContainingExtension", value: { containingType: "zoo.v1.Animal", extensionNumber: 102 } },
    [5, 'not found: extension 102 of "zoo.v1.Animal"'],
  ],
  [
    "says not found for an extension in a file nobody imports",
    { case: "fileContainingExtension", value: { containingType: "zoo.v1.Animal", extensionNumber: 150 } },
    [5, 'not found: extension 150 of "zoo.v1.Animal"'],
  ],
  ["lists extension numbers", { case: "allExtensionNumbersOfType", value: "zoo.v1.Animal" }, ["zoo.v1.Animal", [101]]],
  [
    "lists none for a message without",
    { case: "allExtensionNumbersOfType", value: "zoo.v1.FeedRequest" },
    ["zoo.v1.FeedRequest", []],
  ],
  [
    "says not found for extensions of an unknown message",
    { case: "allExtensionNumbersOfType", value: "zoo.v1.Zebra" },
    [5, 'not found: message "zoo.v1.Zebra"'],
  ],
  [
    "says not found for extensions of an enum",
    { case: "allExtensionNumbersOfType", value: "zoo.v1.Size" },
    [5, 'not found: message "zoo.v1.Size"'],
  ],
];

describe.each([
  ["v1", ServerReflectionV1],
  ["v1alpha", ServerReflectionV1Alpha as unknown as typeof ServerReflectionV1],
])("reflection %s", (_version, service) => {
  test.each(table)("%s", async (_rule, ask, expected) => {
    expect(await askOn(service, [ask])).toEqual([expected]);
  });

  test("sends an import once a stream, and the file that is asked for each time", async () => {
    const file = (value: string): Ask => ({ case: "fileByFilename", value });
    expect(
      await askOn(service, [file("zoo/v1/animal.proto"), file("zoo/v1/zoo.proto"), file("zoo/v1/zoo.proto")]),
    ).toEqual([animal, ["zoo/v1/zoo.proto"], ["zoo/v1/zoo.proto"]]);
  });

  test("goes on after an error response", async () => {
    const answers = await askOn(service, [
      { case: "fileByFilename", value: "x" },
      { case: "fileByFilename", value: timestamp },
    ]);
    expect(answers).toEqual([[5, 'not found: file "x"'], [timestamp]]);
  });

  test("ends the stream with invalid_argument when nothing is asked", async () => {
    const error = await askOn(service, [{ case: undefined }]).catch(ConnectError.from);
    expect((error as ConnectError).code).toBe(Code.InvalidArgument);
  });

  test("tells of further files that it is given", async () => {
    const asks: Ask[] = [
      { case: "allExtensionNumbersOfType", value: "zoo.v1.Animal" },
      { case: "fileContainingExtension", value: { containingType: "zoo.v1.Animal", extensionNumber: 150 } },
    ];
    expect(await askOn(service, asks, { files: [file_zoo_v1_extra] })).toEqual([
      ["zoo.v1.Animal", [101, 150]],
      ["zoo/v1/extra.proto", "zoo/v1/animal.proto", timestamp],
    ]);
  });
});

test("tells of every service of the router, also of one registered later", async () => {
  const transport = createRouterTransport((router) => {
    createReflectionRoutes()(router);
    router.service(ZooService, {});
  });
  const questions = (async function* () {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
  })();
  for await (const { messageResponse } of createClient(ServerReflectionV1, transport).serverReflectionInfo(questions)) {
    const names =
      messageResponse.case === "listServicesResponse" ? messageResponse.value.service.map(({ name }) => name) : [];
    expect(names).toContain("zoo.v1.ZooService");
  }
});
