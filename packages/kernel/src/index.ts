export { AppError, type AppErrorOptions, type ErrorDetail, type ErrorKind, isAppError } from "./app-error.ts";
export { type Clock, systemClock } from "./clock.ts";
export { type CursorPart, type CursorValue, decodeCursor, encodeCursor } from "./cursor.ts";
export { isId, newId } from "./ids.ts";
export {
  addMoney,
  allocateMoney,
  compareMoney,
  type Money,
  money,
  multiplyMoney,
  percentOf,
  subtractMoney,
  sumMoney,
  zeroMoney,
} from "./money.ts";
export { defineStateMachine, type StateMachine } from "./state-machine.ts";
export type { UnitOfWork } from "./unit-of-work.ts";
