import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  LoginFailedSchema,
  SessionEnd,
  SessionRevokedSchema,
  UserRegisteredSchema,
  VerificationPurpose,
  VerificationRequestedSchema,
} from "@tandem/contracts/auth";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { AuthEvent } from "../model/auth-events.ts";

export const toOutgoingEvent = (event: AuthEvent): OutgoingEvent => {
  const occurredAt = timestampFromDate(event.at);
  switch (event.type) {
    case "auth.user_registered": {
      const { user } = event;
      return newEvent(UserRegisteredSchema, {
        userId: user.id,
        aggregateVersion: user.version,
        occurredAt,
        email: user.email?.address ?? "",
        displayName: user.displayName,
        locale: user.locale,
        roles: [...user.roles],
        customerId: user.customerId ?? "",
        sellerId: user.sellerId ?? "",
      });
    }
    case "auth.login_failed": {
      const { user, lockedUntil, from } = event;
      return newEvent(LoginFailedSchema, {
        userId: user.id,
        aggregateVersion: user.version,
        occurredAt,
        email: user.email?.address ?? "",
        failedAttempts: event.failedAttempts,
        ...(lockedUntil ? { lockedUntil: timestampFromDate(lockedUntil) } : {}),
        ip: from.ip,
        userAgent: from.userAgent,
        customerId: user.customerId ?? "",
      });
    }
    case "auth.verification_requested": {
      const { user, verification } = event;
      return newEvent(VerificationRequestedSchema, {
        userId: user.id,
        aggregateVersion: user.version,
        occurredAt,
        verificationId: verification.id,
        purpose: VerificationPurpose[verification.purpose],
        expiresAt: timestampFromDate(verification.expiresAt),
        email: user.email?.address ?? "",
        displayName: user.displayName,
        locale: user.locale,
        customerId: user.customerId ?? "",
      });
    }
    case "auth.session_revoked": {
      const { session, customerId } = event;
      return newEvent(SessionRevokedSchema, {
        sessionId: session.id,
        aggregateVersion: session.version,
        occurredAt,
        userId: session.userId,
        reason: SessionEnd[session.endReason ?? "REVOKED"],
        customerId: customerId ?? "",
      });
    }
  }
};
