import type { Clock } from "@tandem/kernel";
import { checksumMismatch, fileIncomplete, fileNotFound, fileSealed, fileTooLarge } from "../model/errors.ts";
import type { StoredFile } from "../model/file.ts";
import type { FileReader, NewDigest, OperationsUnitOfWork } from "./ports.ts";

export interface StoreFileDeps {
  readonly uow: OperationsUnitOfWork;
  readonly files: FileReader;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newDigest: NewDigest;
  /** Of one file. */
  readonly maxBytes: number;
  /** How long a file is kept. */
  readonly retainMs: number;
}

type NewFile = Pick<StoredFile, "name" | "contentType" | "createdBy">;

const fresh = ({ clock, newId, retainMs }: StoreFileDeps, init: NewFile): StoredFile => {
  const createdAt = clock.now();
  const expiresAt = new Date(createdAt.getTime() + retainMs);
  return { ...init, id: newId(), sizeBytes: 0, sha256: "", status: "OPEN", createdAt, expiresAt };
};

/** A whole file at once. @throws AppError `file.too_large`, `file.incomplete` when empty, `file.checksum_mismatch` */
export const makeUploadFile =
  (deps: StoreFileDeps) =>
  (init: NewFile, data: Uint8Array, sha256: string | undefined, signal?: AbortSignal): Promise<StoredFile> =>
    deps.uow.transact(async ({ files }) => {
      if (data.byteLength === 0) throw fileIncomplete("it is empty");
      if (data.byteLength > deps.maxBytes) throw fileTooLarge(deps.maxBytes);
      const digest = deps.newDigest();
      digest.update(data);
      const is = digest.hex();
      if (sha256 && sha256 !== is) throw checksumMismatch(is);
      const file: StoredFile = {
        ...fresh(deps, init),
        status: "COMPLETE",
        sizeBytes: data.byteLength,
        sha256: is,
      };
      await files.create(file);
      await files.putPart(file.id, 1, data);
      return file;
    }, signal);

export const makeOpenFile =
  (deps: StoreFileDeps) =>
  (init: NewFile, signal?: AbortSignal): Promise<StoredFile> =>
    deps.uow.transact(async ({ files }) => {
      const file = fresh(deps, init);
      await files.create(file);
      return file;
    }, signal);

/** One part more; the same number again replaces it. @throws AppError `file.not_found`, `file.sealed`, `file.too_large` */
export const makePutFilePart =
  ({ uow, clock, maxBytes }: StoreFileDeps) =>
  (fileId: string, number: number, data: Uint8Array, signal?: AbortSignal): Promise<StoredFile> =>
    uow.transact(async ({ files }) => {
      const file = await files.lockById(fileId);
      if (!file || file.expiresAt <= clock.now()) throw fileNotFound(fileId);
      if (file.status !== "OPEN") throw fileSealed(fileId);
      if (data.byteLength === 0) throw fileIncomplete("a part is empty");
      await files.putPart(fileId, number, data);
      const { bytes } = await files.measureParts(fileId);
      if (bytes > maxBytes) throw fileTooLarge(maxBytes);
      const after = { ...file, sizeBytes: bytes };
      await files.update(after);
      return after;
    }, signal);

/**
 * Closes a file when all its parts are there. Again: as it is.
 * @throws AppError `file.not_found`, `file.incomplete`, `file.checksum_mismatch`
 */
export const makeCompleteFile =
  ({ uow, files: reader, clock, newDigest }: StoreFileDeps) =>
  async (fileId: string, parts: number, sha256: string | undefined, signal?: AbortSignal): Promise<StoredFile> => {
    // Read before the lock: hashing takes longer than a lock should be held. A part that changes meanwhile changes the size or is caught below.
    const { is, bytes: hashed } = await digestOf(reader, newDigest, fileId);
    return uow.transact(async ({ files }) => {
      const file = await files.lockById(fileId);
      if (!file || file.expiresAt <= clock.now()) throw fileNotFound(fileId);
      if (sha256 && sha256 !== is) throw checksumMismatch(is);
      if (file.status === "COMPLETE") return file;
      const { bytes, count, highest } = await files.measureParts(fileId);
      if (count !== parts || highest !== parts) throw fileIncomplete(`it has ${count} parts of ${parts}`);
      if (bytes !== hashed) throw fileIncomplete("a part came while it was being completed");
      const after: StoredFile = { ...file, sizeBytes: bytes, sha256: is, status: "COMPLETE" };
      await files.update(after);
      return after;
    }, signal);
  };

export const digestOf = async (files: FileReader, newDigest: NewDigest, fileId: string) => {
  const digest = newDigest();
  let bytes = 0;
  for await (const part of files.readParts(fileId)) {
    digest.update(part);
    bytes += part.byteLength;
  }
  return { is: digest.hex(), bytes };
};
