export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Hex; empty while it is open. */
  readonly sha256: string;
  readonly status: "OPEN" | "COMPLETE";
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
