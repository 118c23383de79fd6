import { AppError } from "@tandem/kernel";
import type { DocumentType, Part } from "../model/document.ts";
import { documentInvalid } from "../model/errors.ts";
import type { SearchUnitOfWork } from "./ports.ts";

export interface PartChange {
  readonly type: DocumentType;
  readonly id: string;
  readonly part: Part;
}

/** Takes one part as its owner announced it. What is not newer than what is known changes nothing. */
export const makeApplyPart =
  ({ uow }: { readonly uow: SearchUnitOfWork }) =>
  ({ type, id, part }: PartChange, signal?: AbortSignal): Promise<boolean> =>
    uow.transact(({ documents }) => documents.applyPart(type, id, part), signal);

/** @throws AppError `search.document_invalid` */
const check = ({ type, part }: PartChange): void => {
  if (part.part !== "BASE" || part.deleted) return;
  const { title, customerId } = part.content;
  if (title.trim() === "") throw documentInvalid("document.title", "required", "it has no title");
  if (type === "ORDER" && !customerId)
    throw documentInvalid("document.customer_id", "required", "an order belongs to a customer");
  if (type !== "ORDER" && customerId)
    throw documentInvalid("document.customer_id", "orders_only", "only orders belong to a customer");
};

/**
 * Takes what a caller put, each by itself, in one transaction: the outcomes are in the order of the items, whether it changed anything or why
 * it was refused.
 */
export const makePutDocuments =
  ({ uow }: { readonly uow: SearchUnitOfWork }) =>
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
    // Documents are locked in one order everywhere; of one document the caller's order stays.
    const key = ({ type, id }: PartChange) => `${type}:${id}`;
    sound.sort((a, b) => (key(a.change) < key(b.change) ? -1 : key(a.change) > key(b.change) ? 1 : a.index - b.index));
    const applied = await uow.transact(async ({ documents }) => {
      const done: boolean[] = [];
      for (const { change } of sound) done.push(await documents.applyPart(change.type, change.id, change.part));
      return done;
    }, signal);
    sound.forEach(({ index }, at) => {
      outcomes[index] = applied[at] ?? false;
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
