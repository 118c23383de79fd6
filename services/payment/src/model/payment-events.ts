import type { Money } from "@tandem/kernel";
import type { FailureCode, OperationKind } from "./operation.ts";
import type { Payment } from "./payment.ts";
import type { Settlement } from "./settlement.ts";

export type PaymentEvent =
  | { readonly type: "payment.authorized"; readonly payment: Payment; readonly at: Date }
  | {
      readonly type: "payment.failed";
      readonly payment: Payment;
      readonly operation: OperationKind;
      readonly code: FailureCode;
      readonly text: string;
      readonly at: Date;
    }
  | { readonly type: "payment.captured"; readonly payment: Payment; readonly at: Date }
  /** Also when no money had moved: whoever cancelled waits for this. */
  | {
      readonly type: "payment.refunded";
      readonly payment: Payment;
      readonly refundId: string;
      readonly amount: Money;
      readonly reason: string;
      readonly at: Date;
    }
  | { readonly type: "payment.settled"; readonly settlement: Settlement; readonly at: Date };
