/**
 * What cdk8s-cli writes, so that Node runs it as it is (type stripping erases types, it generates nothing): enums become
 * objects with a type of the same name, parameter properties become fields, and types are imported as types.
 */
export const toErasable = (generated: string): string =>
  generated
    .replace("import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';", () =>
      [
        'import { ApiObject, type ApiObjectMetadata, type GroupVersionKind } from "cdk8s";',
        'import type { Construct } from "constructs";',
      ].join("\n"),
    )
    .replace("import { Construct } from 'constructs';\n", "")
    .replaceAll(
      /^( *)private constructor\(public readonly (\w+): ([^)]+)\) \{\n *\}/gm,
      "$1public readonly $2: $3;\n$1private constructor($2: $3) {\n$1  this.$2 = $2;\n$1}",
    )
    .replaceAll(/^export enum (\w+) \{\n([\s\S]*?)^\}/gm, (_, name: string, body: string) => {
      const members = body.replaceAll(/^(\s*)(\w+) = (".*"),$/gm, "$1$2: $3,");
      return `export const ${name} = {\n${members}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
    });
