import type { RenderedFiles } from "@tandem/dapr";
import { parse, parseAllDocuments } from "yaml";

export interface AppliedComponent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly scopes?: readonly string[];
  readonly spec: {
    readonly type: string;
    readonly metadata: readonly { readonly name: string; readonly value?: string; readonly secretKeyRef?: object }[];
  };
}

export interface AccessOperation {
  readonly name: string;
  readonly httpVerb: readonly string[];
  readonly action: "allow" | "deny";
}

/** `spec` of a Configuration. */
export interface AppConfiguration {
  readonly accessControl: {
    readonly defaultAction: string;
    readonly trustDomain: string;
    readonly policies?: readonly { readonly appId: string; readonly operations: readonly AccessOperation[] }[];
  };
  readonly api: { readonly allowed: readonly { readonly name: string; readonly protocol: string }[] };
}

export const componentsIn = (files: RenderedFiles): readonly AppliedComponent[] =>
  Object.values(files)
    .flatMap((text) =>
      parseAllDocuments(text).map((document) => document.toJS() as AppliedComponent & { kind: string }),
    )
    .filter(({ kind }) => kind === "Component");

export const configurationOf = (files: RenderedFiles, appId: string): AppConfiguration | undefined => {
  const text = files[`configurations/${appId}.yaml`];
  return text === undefined ? undefined : (parse(text) as { readonly spec: AppConfiguration }).spec;
};

/** `a=x,y;b=` by app id. */
export const readTopicScopes = (files: RenderedFiles, kind: "publishingScopes" | "subscriptionScopes") => {
  const pubsub = componentsIn(files).find(({ metadata }) => metadata.name === "pubsub");
  const text = pubsub?.spec.metadata.find(({ name }) => name === kind)?.value ?? "";
  return new Map(
    text.split(";").map((scope) => {
      const [appId = "", topics = ""] = scope.split("=");
      return [appId, topics === "" ? [] : topics.split(",")] as const;
    }),
  );
};
