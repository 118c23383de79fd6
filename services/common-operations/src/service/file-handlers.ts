import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { FileSchema, type FileService, FileStatus } from "@tandem/contracts/common-operations";
import type { Clock } from "@tandem/kernel";
import { callOf } from "@tandem/rpc";
import type { FileReader } from "../biz/ports.ts";
import type { makeCompleteFile, makeOpenFile, makePutFilePart, makeUploadFile } from "../biz/store-file.ts";
import { fileIncomplete } from "../model/errors.ts";
import type { StoredFile } from "../model/file.ts";

export interface FileHandlersDeps {
  readonly files: FileReader;
  readonly uploadFile: ReturnType<typeof makeUploadFile>;
  readonly openFile: ReturnType<typeof makeOpenFile>;
  readonly putFilePart: ReturnType<typeof makePutFilePart>;
  readonly completeFile: ReturnType<typeof makeCompleteFile>;
  readonly clock: Clock;
}

const toProto = (file: StoredFile) =>
  create(FileSchema, {
    fileId: file.id,
    name: file.name,
    contentType: file.contentType,
    sizeBytes: BigInt(file.sizeBytes),
    sha256: file.sha256,
    status: FileStatus[file.status],
    createdAt: timestampFromDate(file.createdAt),
    expiresAt: timestampFromDate(file.expiresAt),
    createdBy: file.createdBy,
  });

/** What a browser would run is handed out as text: files come from people. */
const contentTypeOf = (given: string | undefined): string => {
  const [type = ""] = (given ?? "").toLowerCase().split(";");
  return /^(text\/csv|text\/plain|application\/json|application\/octet-stream|application\/pdf)$/.test(type.trim())
    ? type.trim()
    : "text/csv";
};

export const makeFileHandlers = (deps: FileHandlersDeps): ServiceImpl<typeof FileService> => ({
  uploadFile: async ({ name, content, sha256 }, context) => {
    const createdBy = callOf(context).principal.subject;
    const init = { name, contentType: contentTypeOf(content?.contentType), createdBy };
    const data = content?.data ?? new Uint8Array();
    return { file: toProto(await deps.uploadFile(init, data, sha256 || undefined, context.signal)) };
  },
  openFile: async ({ name, contentType }, context) => {
    const createdBy = callOf(context).principal.subject;
    const init = { name, contentType: contentTypeOf(contentType), createdBy };
    return { file: toProto(await deps.openFile(init, context.signal)) };
  },
  putFilePart: async ({ fileId, number, content }, { signal }) => ({
    file: toProto(await deps.putFilePart(fileId, number, content?.data ?? new Uint8Array(), signal)),
  }),
  completeFile: async ({ fileId, parts, sha256 }, { signal }) => ({
    file: toProto(await deps.completeFile(fileId, parts, sha256 || undefined, signal)),
  }),
  getFile: async ({ fileId }) => ({ file: toProto(await deps.files.getById(fileId, deps.clock.now())) }),
  downloadFile: async ({ fileId }) => {
    const file = await deps.files.getById(fileId, deps.clock.now());
    if (file.status !== "COMPLETE") throw fileIncomplete("it is still being written");
    const data = new Uint8Array(file.sizeBytes);
    let at = 0;
    for await (const part of deps.files.readParts(fileId)) {
      data.set(part, at);
      at += part.byteLength;
    }
    return { content: { contentType: file.contentType, data } };
  },
});
