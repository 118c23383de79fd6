import { Code, ConnectError } from "@connectrpc/connect";
import type { DescriptorIndex } from "./descriptor-index.ts";

/** What v1 and v1alpha share: the two protos differ in their package only. */
interface Question {
  readonly messageRequest:
    | {
        readonly case: "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType" | "listServices";
        readonly value: string;
      }
    | {
        readonly case: "fileContainingExtension";
        readonly value: { readonly containingType: string; readonly extensionNumber: number };
      }
    | { readonly case: undefined; readonly value?: undefined };
}

type Answer =
  | { readonly case: "fileDescriptorResponse"; readonly value: { readonly fileDescriptorProto: Uint8Array[] } }
  | {
      readonly case: "allExtensionNumbersResponse";
      readonly value: { readonly baseTypeName: string; readonly extensionNumber: number[] };
    }
  | { readonly case: "listServicesResponse"; readonly value: { readonly service: { readonly name: string }[] } }
  | { readonly case: "errorResponse"; readonly value: { readonly errorCode: number; readonly errorMessage: string } };

const notFound = (what: string): Answer => ({
  case: "errorResponse",
  value: { errorCode: Code.NotFound, errorMessage: `not found: ${what}` },
});

/**
 * Answers the questions of one stream. It remembers what it has sent: an imported file goes out once a stream, the file that was asked for
 * each time.
 */
export const createAnswerer = (index: DescriptorIndex) => {
  const sent = new Set<string>();

  const files = (file: ReturnType<DescriptorIndex["file"]>, what: string): Answer => {
    if (file === undefined) return notFound(what);
    const due = index.withDependencies(file).filter((one, position) => position === 0 || !sent.has(one.proto.name));
    for (const one of due) sent.add(one.proto.name);
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto: due.map(index.serialize) } };
  };

  return ({ messageRequest: ask }: Question): Answer => {
    switch (ask.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: index.serviceNames.map((name) => ({ name })) } };
      case "fileByFilename":
        return files(index.file(ask.value), `file "${ask.value}"`);
      case "fileContainingSymbol":
        return files(index.fileOfSymbol(ask.value), `symbol "${ask.value}"`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = ask.value;
        return files(
          index.extension(containingType, extensionNumber)?.file,
          `extension ${extensionNumber} of "${containingType}"`,
        );
      }
      case "allExtensionNumbersOfType": {
        const numbers = index.extensionNumbers(ask.value);
        if (numbers === undefined) return notFound(`message "${ask.value}"`);
        return {
          case: "allExtensionNumbersResponse",
          value: { baseTypeName: ask.value, extensionNumber: [...numbers] },
        };
      }
      case undefined:
        throw new ConnectError("a reflection request must ask for something", Code.InvalidArgument);
    }
  };
};
