import { create, createFileRegistry, type DescMethod, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { type Access, AccessSchema, access } from "../src/common.ts";
import { accessOf } from "../src/index.ts";

/** A method as protoc would describe it, with the option or without. */
const methodWith = (option?: Access["rule"]): DescMethod => {
  const options = create(MethodOptionsSchema);
  if (option) setExtension(options, access, create(AccessSchema, { rule: option }));
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    messageType: [{ name: "Empty" }],
    service: [
      { name: "TestService", method: [{ name: "Call", inputType: ".test.Empty", outputType: ".test.Empty", options }] },
    ],
  });
  const method = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("test.TestService")
    ?.methods[0];
  if (!method) throw new Error("the test's file has no method");
  return method;
};

describe("accessOf", () => {
  it("reads a permission, or that the method is public", () => {
    expect(accessOf(methodWith({ case: "permission", value: "order.create" }))).toEqual({
      kind: "permission",
      permission: "order.create",
    });
    expect(accessOf(methodWith({ case: "public", value: true }))).toEqual({ kind: "public" });
  });

  it.each<[string, Access["rule"] | undefined]>([
    ["no option", undefined],
    ["an option that says nothing", { case: undefined }],
    ["an empty permission", { case: "permission", value: "" }],
    ["public: false", { case: "public", value: false }],
  ])("lets nobody in with %s", (_, option) => {
    expect(accessOf(methodWith(option))).toBeUndefined();
  });
});
