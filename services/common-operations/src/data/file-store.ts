import type { Database, Transaction } from "@tandem/postgres";
import type { FileReader, FileRepository } from "../biz/ports.ts";
import { fileNotFound } from "../model/errors.ts";
import type { StoredFile } from "../model/file.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly content_type: string;
  readonly size_bytes: string;
  readonly sha256: string;
  readonly status: StoredFile["status"];
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

const toFile = (row: Row): StoredFile => ({
  id: row.id,
  name: row.name,
  contentType: row.content_type,
  sizeBytes: Number(row.size_bytes),
  sha256: row.sha256,
  status: row.status,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

export const makeFileReader = (database: Pick<Database, "query">): FileReader => ({
  async getById(fileId, now) {
    const { rows } = await database.query<Row>("select * from file where id = $1 and expires_at > $2", [fileId, now]);
    if (!rows[0]) throw fileNotFound(fileId);
    return toFile(rows[0]);
  },

  async *readParts(fileId) {
    for (let after = 0; ; ) {
      const { rows } = await database.query<{ number: number; data: Buffer }>(
        "select number, data from file_part where file_id = $1 and number > $2 order by number limit 1",
        [fileId, after],
      );
      const [part] = rows;
      if (!part) return;
      after = part.number;
      yield part.data;
    }
  },
});

export const makeFileRepository = ({ client }: Transaction): FileRepository => ({
  async create(file) {
    await client.query(
      `insert into file (id, name, content_type, size_bytes, sha256, status, created_by, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        file.id,
        file.name,
        file.contentType,
        file.sizeBytes,
        file.sha256,
        file.status,
        file.createdBy,
        file.createdAt,
        file.expiresAt,
      ],
    );
  },

  async lockById(fileId) {
    const { rows } = await client.query<Row>("select * from file where id = $1 for update", [fileId]);
    return rows[0] && toFile(rows[0]);
  },

  async putPart(fileId, number, data) {
    await client.query(
      `insert into file_part (file_id, number, data) values ($1, $2, $3)
       on conflict (file_id, number) do update set data = excluded.data`,
      [fileId, number, Buffer.from(data.buffer, data.byteOffset, data.byteLength)],
    );
  },

  async measureParts(fileId) {
    const { rows } = await client.query<{ bytes: string; count: number; highest: number }>(
      `select coalesce(sum(octet_length(data)), 0)::text as bytes, count(*)::int as count, coalesce(max(number), 0) as highest
       from file_part where file_id = $1`,
      [fileId],
    );
    const [sums] = rows;
    return { bytes: Number(sums?.bytes ?? 0), count: sums?.count ?? 0, highest: sums?.highest ?? 0 };
  },

  async update({ id, sizeBytes, sha256, status, expiresAt }) {
    await client.query("update file set size_bytes = $2, sha256 = $3, status = $4, expires_at = $5 where id = $1", [
      id,
      sizeBytes,
      sha256,
      status,
      expiresAt,
    ]);
  },
});
