import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type CreateTaskRequest,
  TaskItemStatus,
  type TaskService,
  TaskStatus,
} from "@tandem/contracts/common-operations";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { CreateTaskInput, makeCancelTask, makeCreateTask, makeResumeTask } from "../biz/manage-task.ts";
import type { TaskReader } from "../biz/ports.ts";
import { itemStatusOf, orderStatusOf, taskStatusOf } from "../events/from-proto.ts";
import { taskItemToProto, taskToProto } from "../events/to-proto.ts";
import { taskInvalid } from "../model/errors.ts";

export interface TaskHandlersDeps {
  readonly tasks: TaskReader;
  readonly createTask: ReturnType<typeof makeCreateTask>;
  readonly cancelTask: ReturnType<typeof makeCancelTask>;
  readonly resumeTask: ReturnType<typeof makeResumeTask>;
}

const inputOf = ({ work }: CreateTaskRequest, context: HandlerContext): CreateTaskInput => {
  const requestedBy = callOf(context).principal.subject;
  switch (work.case) {
    case "importProducts":
      return {
        kind: "import-products",
        parameters: { fileId: work.value.fileId, sellerId: work.value.sellerId },
        requestedBy,
      };
    case "exportOrders": {
      const { customerId, sellerId, status } = work.value;
      if (status && orderStatusOf(status) === undefined) throw taskInvalid("status", "orders have no such status");
      return {
        kind: "export-orders",
        parameters: {
          customerId: customerId || undefined,
          sellerId: sellerId || undefined,
          status: status || undefined,
        },
        requestedBy,
      };
    }
    case "changePrices": {
      const { fileId, sellerId, currencyCode, changeBasisPoints } = work.value;
      return {
        kind: "change-prices",
        parameters: {
          fileId: fileId || undefined,
          sellerId: sellerId || undefined,
          currency: currencyCode || undefined,
          changeBasisPoints: changeBasisPoints || undefined,
        },
        requestedBy,
      };
    }
    default:
      throw taskInvalid("work", "what is to be done is missing");
  }
};

export const makeTaskHandlers = (deps: TaskHandlersDeps): ServiceImpl<typeof TaskService> => ({
  createTask: async (request, context) => ({
    task: taskToProto(await deps.createTask(inputOf(request, context), context.signal)),
  }),
  getTask: async ({ taskId }) => ({ task: taskToProto(await deps.tasks.getById(taskId)) }),
  listTasks: async ({ page, kind, status }) => {
    const criteria = {
      kind: kind || undefined,
      status: status === TaskStatus.UNSPECIFIED ? undefined : taskStatusOf(status),
    };
    const found = await deps.tasks.listByCriteria(criteria, readPage(page));
    return { tasks: found.items.map(taskToProto), page: writePage(found) };
  },
  cancelTask: async ({ taskId }, context) => ({
    task: taskToProto(await deps.cancelTask(taskId, callOf(context).principal.subject, context.signal)),
  }),
  resumeTask: async ({ taskId, retryFailed }, context) => ({
    task: taskToProto(await deps.resumeTask(taskId, retryFailed, callOf(context).principal.subject, context.signal)),
  }),
  listTaskItems: async ({ taskId, page, status }) => {
    await deps.tasks.getById(taskId);
    const wanted = status === TaskItemStatus.UNSPECIFIED ? undefined : itemStatusOf(status);
    const found = await deps.tasks.listItems(taskId, wanted, readPage(page));
    return { items: found.items.map(taskItemToProto), page: writePage(found) };
  },
});
