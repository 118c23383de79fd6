import type { DescMethod } from "@bufbuild/protobuf";

/** A mistake in an annotation or in the options, found while building: never caused by a request. */
export class TranscodingConfigurationError extends Error {
  override readonly name = "TranscodingConfigurationError";
}

export const configurationError = (method: DescMethod, template: string, problem: string) =>
  new TranscodingConfigurationError(`${method.parent.typeName}.${method.name} "${template}": ${problem}`);
