import { enumName } from "@tandem/contracts";
import { TaskItemStatus, TaskStatus } from "@tandem/contracts/common-operations";
import { OrderStatus } from "@tandem/contracts/order";
import type { TaskStatus as ModelStatus, TaskItem } from "../model/task.ts";

export const taskStatusOf = (status: TaskStatus): ModelStatus => enumName(TaskStatus, status) as ModelStatus;

export const itemStatusOf = (status: TaskItemStatus): TaskItem["status"] =>
  enumName(TaskItemStatus, status) as TaskItem["status"];

/** `CONFIRMED` of `confirmed`; undefined for what is no status. */
export const orderStatusOf = (name: string): OrderStatus | undefined => {
  const status = OrderStatus[name.toUpperCase() as keyof typeof OrderStatus];
  return typeof status === "number" && status !== OrderStatus.UNSPECIFIED ? status : undefined;
};
