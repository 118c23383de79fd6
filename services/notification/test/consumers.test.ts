import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, mailsTo, settledRowsOf, startHarness, story } from "./harness.ts";

let notification: Harness;
beforeAll(async () => {
  notification = await startHarness();
});
afterAll(() => notification[Symbol.asyncDispose]());

describe("a confirmed order", () => {
  it("is told of by one mail, in the customer's language and format, and announced", async () => {
    const one = story(notification);
    expect(await one.registered()).toBe("ack");
    expect(await one.confirmed()).toBe("ack");
    const mails = await mailsTo(notification, one.email, 2);
    const mail = mails.find(({ subject }) => subject.includes("is confirmed"));
    expect(mail).toMatchObject({ from: "shop@tandem.invalid", copy: 0 });
    expect(mail?.text).toContain("Hello Ada Lovelace,");
    expect(mail?.text).toContain("2 × Desk lamp <b>: €64.62");
    expect(mail?.html).toContain("2 × Desk lamp &lt;b&gt;: €64.62");
    expect(mails.map(({ subject }) => subject)).toContain("Welcome to Tandem");
    const [row] = (await settledRowsOf(notification, one.customerId)).filter(
      ({ template }) => template === "order.confirmed",
    );
    expect(row).toMatchObject({ status: "SENT", attempts: 1 });
    expect(await notification.events(row?.id ?? "")).toMatchObject([
      {
        topic: "notification.sent",
        data: { template: "order.confirmed", causeEventId: one.ids.confirmed, orderId: one.orderId },
      },
    ]);
  });
});
