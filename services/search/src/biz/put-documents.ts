import { AppError } from "@tandem/kernel";
import { documentInvalid } from "../model/errors.ts";
import type { DocumentWriter, PartChange, SearchUnitOfWork } from "./ports.ts";

/** @throws AppError `search.document_invalid` */
const check = ({ type, part }: PartChange): void => {
  if (part.part !== "BASE" || part.deleted) return;
  const { title, customerId } = part.content;
  if (title.trim() === "") throw documentInvalid("document.title", "required", "it has no title");
  if (type === "ORDER" && !customerId)
    throw documentInvalid("document.customerId", "required", "an order belongs to a customer");
  if (type !== "ORDER" && customerId)
    throw documentInvalid("document.customerId", "orders_only", "only orders belong to a customer");
};

/**
 * Takes what a caller put, each by itself, in one transaction: the outcomes are in the order of the items, whether it changed anything or why
 * it was refused.
 */
export const makePutDocuments =
  ({ writer }: { readonly writer: DocumentWriter }) =>
  async (changes: readonly PartChange[], signal?: AbortSignal): Promise<readonly (boolean | AppError)[]> => {
    const outcomes = changes.map((change): boolean | AppError => {
      try {
        check(change);
        return false;
      } catch (error) {
        if (error instanceof AppError) return error;
        throw error;
      }
    });
    const sound = changes.map((change, index) => ({ change, index })).filter(({ index }) => outcomes[index] === false);
    const applied = await writer.applyParts(
      sound.map(({ change }) => change),
      signal,
    );
    sound.forEach(({ index }, at) => {
      outcomes[index] = applied[at] === "applied";
    });
    return outcomes;
  };

/** Forgets a person: orders stay findable for their sellers and for staff, without a name and without a customer. */
export const makeEraseCustomer =
  ({ uow }: { readonly uow: SearchUnitOfWork }) =>
  (customerId: string, signal?: AbortSignal): Promise<number> =>
    uow.transact(({ documents }) => documents.eraseCustomer(customerId), signal);

/**
 * Whether a seller may sell, by the seller's versions: while they may not, what they offer is found by them and by staff alone. Again or too late: nothing.
 * @returns how many products are indexed anew
 */
export const makeFollowSeller =
  ({ uow }: { readonly uow: SearchUnitOfWork }) =>
  (sellerId: string, version: bigint, suspended: boolean, signal?: AbortSignal): Promise<number> =>
    uow.transact(({ documents }) => documents.putStanding(sellerId, version, suspended), signal);

/**
 * Where a category lies, by the category's versions: its products are found in all that are above it. Those below it that move along are told by events of
 * their own. Again or too late: nothing.
 * @returns how many products are indexed anew
 */
export const makeFollowCategory =
  ({ uow }: { readonly uow: SearchUnitOfWork }) =>
  (categoryId: string, version: bigint, path: readonly string[], signal?: AbortSignal): Promise<number> =>
    uow.transact(({ documents }) => documents.putCategoryPath(categoryId, version, path), signal);
