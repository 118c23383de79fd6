import type { DocumentParts, DocumentType, Part, PartName } from "../model/document.ts";

export interface DocumentRow extends Record<string, unknown> {
  readonly type: DocumentType;
  readonly id: string;
  readonly version: string;
  readonly viewKeys: readonly string[];
  readonly updatedAt: Date;
  readonly sellerSuspended: boolean;
  readonly parts: readonly {
    readonly part: PartName;
    readonly version: string;
    readonly deleted: boolean;
    readonly content: unknown;
  }[];
}

/** Documents with their parts; a filter on `d` follows. One statement: parts and version are of one moment. */
export const SELECT_DOCUMENTS = `
  select d.type, d.id, d.version::text, d.view_keys as "viewKeys", d.updated_at as "updatedAt",
    d.type = 'PRODUCT' and exists (
      select from document_part b join seller_standing s on s.suspended and s.seller_id = (b.content ->> 'sellerId')::uuid
      where b.type = d.type and b.id = d.id and b.part = 'BASE'
    ) as "sellerSuspended",
    coalesce((
      select json_agg(json_build_object('part', p.part, 'version', p.version::text, 'deleted', p.deleted, 'content', p.content))
      from document_part p where p.type = d.type and p.id = d.id
    ), '[]') as parts
  from document d`;

export const documentFromRow = ({ parts, version, ...row }: DocumentRow): DocumentParts => ({
  ...row,
  version: BigInt(version),
  // Written by this code only, and checked before.
  parts: parts.map((part) => ({ ...part, version: BigInt(part.version) }) as Part),
});
