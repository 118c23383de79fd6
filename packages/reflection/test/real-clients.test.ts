import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createReflectionRoutes, ServerReflectionV1 } from "../src/index.ts";
import { ZooService } from "./gen/zoo/v1/zoo_pb.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../../", import.meta.url));

const findTool = (name: string): string | undefined =>
  [
    join(repository, ".tools/bin"),
    join(repository, "node_modules/.bin"),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

const grpcurl = findTool("grpcurl");
const buf = findTool("buf");

let server: Http2Server;
let address: string;

beforeAll(async () => {
  const routes = connectNodeAdapter({
    routes: (router) => {
      router.service(ZooService, {
        feed: ({ animal }) => ({ message: `${animal} is full`, at: { seconds: 1_700_000_000n } }),
      });
      createReflectionRoutes()(router);
    },
  });
  server = createServer(routes);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

test("a Connect gRPC client over h2c can rebuild the whole schema from the files", async () => {
  const client = createClient(ServerReflectionV1, createGrpcTransport({ baseUrl: `http://${address}` }));
  const questions = (async function* () {
    yield { messageRequest: { case: "fileContainingSymbol" as const, value: "zoo.v1.ZooService" } };
  })();
  const files = new Map<string, FileDescriptorProto>();
  for await (const { messageResponse } of client.serverReflectionInfo(questions)) {
    if (messageResponse.case !== "fileDescriptorResponse") continue;
    for (const bytes of messageResponse.value.fileDescriptorProto) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
  }
  // protobuf-es wants a file's imports before the file.
  const ordered = new Set<FileDescriptorProto>();
  const visit = (name: string): void => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`${name} did not come back`);
    for (const dependency of file.dependency) visit(dependency);
    ordered.add(file);
  };
  visit("zoo/v1/zoo.proto");
  const rebuilt = createFileRegistry(create(FileDescriptorSetSchema, { file: [...ordered] })).getService(
    "zoo.v1.ZooService",
  );
  expect(rebuilt?.methods.map(({ name, methodKind }) => [name, methodKind])).toEqual([
    ["Feed", "unary"],
    ["Watch", "server_streaming"],
  ]);
  expect(rebuilt?.file.dependencies.map(({ proto }) => proto.name)).toEqual([
    "google/protobuf/timestamp.proto",
    "zoo/v1/animal.proto",
  ]);
  expect(rebuilt?.method["feed"]?.input.field["animal"]?.jsonName).toBe("animal");
});

describe.skipIf(grpcurl === undefined)(`grpcurl${grpcurl ? "" : " (skipped: not in .tools/bin nor in PATH)"}`, () => {
  const call = async (...parameters: string[]) => (await run(grpcurl ?? "", ["-plaintext", ...parameters])).stdout;

  test("lists services and methods", async () => {
    expect((await call(address, "list")).trim().split("\n")).toEqual([
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "zoo.v1.ZooService",
    ]);
    expect((await call(address, "list", "zoo.v1.ZooService")).trim().split("\n")).toEqual([
      "zoo.v1.ZooService.Feed",
      "zoo.v1.ZooService.Watch",
    ]);
  });

  test("describes a message with its oneof, extension range and imports", async () => {
    const text = await call(address, "describe", "zoo.v1.Animal");
    expect(text).toContain("oneof home");
    expect(text).toContain("optional .google.protobuf.Timestamp born = 5");
    expect(text).toContain("extensions 100 to 199");
  });

  test("calls a method that it knows by reflection only", async () => {
    const text = await call("-d", '{"animal":"Zebra"}', address, "zoo.v1.ZooService/Feed");
    expect(JSON.parse(text)).toEqual({ message: "Zebra is full", at: "2023-11-14T22:13:20Z" });
  });

  test("is told what it asks wrongly", async () => {
    const failed = await call(address, "describe", "zoo.v1.Zebra").catch((error: { stderr: string }) => error.stderr);
    expect(failed).toContain("Symbol not found: zoo.v1.Zebra");
  });
});

describe.skipIf(buf === undefined)(`buf curl${buf ? "" : " (skipped: not in node_modules/.bin nor in PATH)"}`, () => {
  const curl = async (...parameters: string[]) =>
    (await run(buf ?? "", ["curl", "--protocol", "grpc", "--http2-prior-knowledge", ...parameters])).stdout;

  test.each(["grpc-v1", "grpc-v1alpha"])("lists methods with %s", async (protocol) => {
    const text = await curl("--reflect-protocol", protocol, "--list-methods", `http://${address}`);
    expect(text.trim().split("\n")).toEqual(
      expect.arrayContaining(["zoo.v1.ZooService/Feed", "zoo.v1.ZooService/Watch"]),
    );
  });

  test("calls a method that it knows by reflection only", async () => {
    const text = await curl("--data", '{"animal":"Okapi"}', `http://${address}/zoo.v1.ZooService/Feed`);
    expect(JSON.parse(text)).toEqual({ message: "Okapi is full", at: "2023-11-14T22:13:20Z" });
  });
});
