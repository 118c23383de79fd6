import { create } from "@bufbuild/protobuf";
import { type PageInfo, PageInfoSchema, type PageRequest } from "@tandem/contracts/common";

/** Which part of a list a caller wants, in the shape that repositories take. */
export interface WantedPage {
  /** 0: the list's default. */
  readonly limit: number;
  readonly cursor?: string;
  readonly offset?: number;
}

/** Reads `tandem.common.v1.PageRequest`; absent means the first page. */
export const readPage = (page: PageRequest | undefined): WantedPage => {
  const limit = page?.limit ?? 0;
  if (page?.position.case === "cursor") return { limit, cursor: page.position.value };
  if (page?.position.case === "offset") return { limit, offset: page.position.value };
  return { limit };
};

/** Writes `tandem.common.v1.PageInfo`. */
export const writePage = (page: {
  readonly nextCursor?: string | undefined;
  readonly total?: number | undefined;
}): PageInfo =>
  create(PageInfoSchema, {
    nextCursor: page.nextCursor ?? "",
    ...(page.total === undefined ? {} : { total: BigInt(page.total) }),
  });
