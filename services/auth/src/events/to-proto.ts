import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { UserStatus as ProtoStatus, SessionSchema, TokensSchema, UserSchema } from "@tandem/contracts/auth";
import type { Tokens } from "../biz/issue-tokens.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";

export const userToProto = (user: User, lockedUntil?: Date) =>
  create(UserSchema, {
    userId: user.id,
    email: user.email?.address ?? "",
    displayName: user.displayName,
    locale: user.locale,
    roles: [...user.roles],
    customerId: user.customerId ?? "",
    sellerId: user.sellerId ?? "",
    status: ProtoStatus[user.status],
    createdAt: timestampFromDate(user.createdAt),
    ...(user.lastLoginAt ? { lastLoginAt: timestampFromDate(user.lastLoginAt) } : {}),
    ...(user.emailConfirmedAt ? { emailConfirmedAt: timestampFromDate(user.emailConfirmedAt) } : {}),
    ...(lockedUntil ? { lockedUntil: timestampFromDate(lockedUntil) } : {}),
    version: user.version,
  });

export const sessionToProto = (session: Session, currentId: string | undefined) =>
  create(SessionSchema, {
    sessionId: session.id,
    userId: session.userId,
    createdAt: timestampFromDate(session.createdAt),
    lastUsedAt: timestampFromDate(session.lastUsedAt),
    expiresAt: timestampFromDate(session.expiresAt),
    ip: session.ip,
    userAgent: session.userAgent,
    current: session.id === currentId,
  });

export const tokensToProto = (tokens: Tokens) =>
  create(TokensSchema, {
    accessToken: tokens.accessToken,
    expiresIn: tokens.expiresInS,
    refreshToken: tokens.refreshToken,
    refreshExpiresIn: tokens.refreshExpiresInS,
    sessionId: tokens.sessionId,
  });
