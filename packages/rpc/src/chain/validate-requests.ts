import { create, type DescMessage, type DescService } from "@bufbuild/protobuf";
import type { Path } from "@bufbuild/protobuf/reflect";
import { createValidator, ValidationError, type Violation } from "@bufbuild/protovalidate";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createValidateInterceptor } from "@connectrpc/validate";
import { AppError, type ErrorDetail } from "@tandem/kernel";
import { findUnstorable } from "./find-unstorable.ts";

/**
 * Checks requests against their protovalidate rules, and says which field broke which rule. A rule that cannot be compiled or evaluated is our
 * bug and an internal error, where @connectrpc/validate would blame the caller.
 */
export const createRequestValidation = (): Interceptor => {
  const validate = createValidateInterceptor({ validator: createValidator() });
  return (next) => {
    const checked = validate(next);
    return async (req) => {
      const detail = req.stream ? undefined : findUnstorable(req.message);
      if (detail !== undefined)
        throw new AppError("invalid_argument", "request.invalid", `${detail.field}: ${detail.message}`, {
          details: [detail],
        });
      try {
        const response = await checked(req);
        return response.stream ? { ...response, message: translated(response.message) } : response;
      } catch (error) {
        throw translate(error);
      }
    };
  };
};

async function* translated<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw translate(error);
  }
}

const translate = (error: unknown): unknown => {
  if (!(error instanceof ConnectError) || error.code !== Code.InvalidArgument || !(error.cause instanceof Error))
    return error;
  if (error.cause instanceof ValidationError) {
    const details = error.cause.violations.map(detailOf);
    const message = details.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ");
    return new AppError("invalid_argument", "request.invalid", message, { cause: error.cause, details });
  }
  if (error.cause.name === "CompilationError" || error.cause.name === "RuntimeError")
    return new AppError("internal", "rpc.bad_rule", "A validation rule could not be evaluated.", {
      cause: error.cause,
    });
  return error;
};

const detailOf = (violation: Violation): ErrorDetail => ({
  field: fieldName(violation.field),
  rule: violation.ruleId,
  message: violation.message === "" ? `breaks the rule ${violation.ruleId}` : violation.message,
});

/** `lines[2].unitPrice`: JSON names, which is how REST and Connect callers wrote it. */
const fieldName = (path: Path): string => {
  let name = "";
  for (const part of path) {
    if (part.kind === "field") name += `${name === "" ? "" : "."}${part.jsonName}`;
    else if (part.kind === "oneof") name += `${name === "" ? "" : "."}${part.name}`;
    else if (part.kind === "extension") name += `[${part.typeName}]`;
    else if (part.kind === "list_sub") name += `[${part.index}]`;
    else name += `[${JSON.stringify(String(part.key))}]`;
  }
  return name;
};

/** Compiles the rules of every method's input, so that a bad rule stops the start and not a call. @throws Error naming the message */
export const assertRulesCompile = (services: readonly DescService[]): void => {
  const validator = createValidator();
  const inputs = new Set<DescMessage>(services.flatMap((service) => service.methods.map((method) => method.input)));
  for (const input of inputs) {
    const result = validator.validate(input, create(input));
    if (result.kind === "error" && result.error.name === "CompilationError")
      throw new Error(`The validation rules of ${input.typeName} do not compile: ${result.error.message}`);
  }
};
