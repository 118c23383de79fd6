import type { InferInsertModel, InferSelectModel } from "drizzle-orm";
import type { RefreshToken, Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { Verification } from "../model/verification.ts";
import type { refreshTokenTable, sessionTable, userTable, verificationTable } from "./schema.ts";

export const userFromRow = ({ email, emailKey, ...row }: InferSelectModel<typeof userTable>): User => ({
  ...row,
  email: email === null || emailKey === null ? undefined : { address: email, key: emailKey },
  passwordHash: row.passwordHash ?? undefined,
  customerId: row.customerId ?? undefined,
  sellerId: row.sellerId ?? undefined,
  lastLoginAt: row.lastLoginAt ?? undefined,
  emailConfirmedAt: row.emailConfirmedAt ?? undefined,
});

export const userToRow = ({ email, ...user }: User): InferInsertModel<typeof userTable> => ({
  ...user,
  email: email?.address ?? null,
  emailKey: email?.key ?? null,
  roles: [...user.roles],
  passwordHash: user.passwordHash ?? null,
  customerId: user.customerId ?? null,
  sellerId: user.sellerId ?? null,
  lastLoginAt: user.lastLoginAt ?? null,
  emailConfirmedAt: user.emailConfirmedAt ?? null,
});

export const sessionFromRow = (row: InferSelectModel<typeof sessionTable>): Session => ({
  ...row,
  endedAt: row.endedAt ?? undefined,
  endReason: row.endReason ?? undefined,
});

export const sessionToRow = (session: Session): InferInsertModel<typeof sessionTable> => ({
  ...session,
  endedAt: session.endedAt ?? null,
  endReason: session.endReason ?? null,
});

export const tokenFromRow = (row: InferSelectModel<typeof refreshTokenTable>): RefreshToken => ({
  ...row,
  successorHash: row.successorHash ?? undefined,
  usedAt: row.usedAt ?? undefined,
});

export const verificationFromRow = (row: InferSelectModel<typeof verificationTable>): Verification => ({
  ...row,
  tokenHash: row.tokenHash ?? undefined,
  usedAt: row.usedAt ?? undefined,
});

export const verificationToRow = (verification: Verification): InferInsertModel<typeof verificationTable> => ({
  ...verification,
  tokenHash: verification.tokenHash ?? null,
  usedAt: verification.usedAt ?? null,
});
