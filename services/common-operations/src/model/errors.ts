import { AppError } from "@tandem/kernel";

export const eventNotFound = (eventId: string) =>
  new AppError("not_found", "timeline.event_not_found", `The timeline has no event ${eventId}.`, {
    details: [{ field: "event_id", rule: "exists", message: "unknown event" }],
  });
