import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  field as fieldRules,
  oneof as oneofRules,
  type StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, it } from "vitest";
import { access } from "../src/common.ts";
import { http } from "../src/gen/google/api/annotations_pb.ts";
import type { HttpRule } from "../src/gen/google/api/http_pb.ts";
import { accessOf, errorCatalogue, files, isSameForAll, topicCatalogue } from "../src/index.ts";

const methods = files.flatMap((file) => file.services).flatMap((service) => service.methods);
const names = (list: readonly DescMethod[]) => list.map((method) => `${method.parent.name}.${method.name}`);
const bindingsOf = (method: DescMethod): HttpRule[] => {
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings];
};
const patternOf = ({ pattern }: HttpRule): { verb: string; path: string } =>
  pattern.case === "custom" || pattern.case === undefined
    ? { verb: "", path: "" }
    : { verb: pattern.case.toUpperCase(), path: pattern.value };

/** Our messages that the given ones hold, themselves included. */
const reachable = (roots: readonly DescMessage[]): DescMessage[] => {
  const seen = new Set<DescMessage>();
  const visit = (message: DescMessage): void => {
    if (seen.has(message) || !message.typeName.startsWith("tandem.")) return;
    seen.add(message);
    for (const field of message.fields) if (field.message) visit(field.message);
  };
  roots.forEach(visit);
  return [...seen];
};

/** What anybody may send without limit does harm: strings, bytes, numbers, enums and lists need a rule; a bool cannot be wrong. */
const needsRule = (field: DescField): boolean => {
  switch (field.fieldKind) {
    case "scalar":
      return field.scalar !== ScalarType.BOOL;
    case "enum":
    case "list":
    case "map":
      return true;
    case "message":
      return false;
  }
};
const hasRule = (field: DescField): boolean =>
  hasOption(field, fieldRules) && getOption(field, fieldRules).type.case !== undefined;

/** What kind of number a field holds, its items if it is a list, its values if it is a map. */
const numberOf = (field: DescField): ScalarType | undefined => {
  const { scalar } = field;
  return scalar === undefined || [ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL].includes(scalar)
    ? undefined
    : scalar;
};
const numberRules = (field: DescField): object => {
  const { type } = getOption(field, fieldRules);
  if (type.case === "repeated") return type.value.items?.type.value ?? {};
  if (type.case === "map") return type.value.values?.type.value ?? {};
  return type.value ?? {};
};
const isBounded = (field: DescField): boolean => {
  const { greaterThan, lessThan } = numberRules(field) as {
    readonly greaterThan?: { readonly value?: number | bigint };
    readonly lessThan?: { readonly value?: number | bigint };
  };
  return [greaterThan?.value, lessThan?.value].every(
    (bound) => bound !== undefined && Math.abs(Number(bound)) <= Number.MAX_SAFE_INTEGER,
  );
};

/** The rules of each text in a field: its own, its items', its keys' and values'. */
const textRules = (field: DescField): readonly (StringRules | undefined)[] => {
  const { type } = getOption(field, fieldRules);
  const rulesOf = (rules: FieldRules | undefined) => (rules?.type.case === "string" ? rules.type.value : undefined);
  switch (field.fieldKind) {
    case "scalar":
      return field.scalar === ScalarType.STRING ? [type.case === "string" ? type.value : undefined] : [];
    case "list":
      return field.scalar === ScalarType.STRING
        ? [rulesOf(type.case === "repeated" ? type.value.items : undefined)]
        : [];
    case "map": {
      const { keys, values } = type.case === "map" ? type.value : {};
      const texts = field.scalar === ScalarType.STRING ? [rulesOf(values)] : [];
      return field.mapKey === ScalarType.STRING ? [rulesOf(keys), ...texts] : texts;
    }
    default:
      return [];
  }
};
const hasEnd = (rules: StringRules | undefined): boolean => {
  if (rules === undefined) return false;
  const { len, maxLen, maxBytes, lenBytes, pattern, wellKnown, in: among } = rules;
  if ((len ?? maxLen ?? maxBytes ?? lenBytes) !== undefined || among.length > 0) return true;
  if (wellKnown.case === "uuid") return true;
  // What is left of a pattern without escapes and classes repeats without end, or does not.
  const bare = pattern?.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "");
  return bare?.startsWith("^") === true && bare.endsWith("$") && !/[*+]|\{\d+,\}/.test(bare);
};

describe("every RPC", () => {
  it("says who may call it", () => {
    expect(names(methods.filter((method) => accessOf(method) === undefined))).toEqual([]);
  });

  it("says that it is the same for all only where that is true of callers without a token", () => {
    const marked = methods.filter((method) => hasOption(method, access) && getOption(method, access).sameForAll);
    expect(names(marked).sort()).toEqual([
      "CatalogService.GetListing",
      "CatalogService.ListListings",
      "SearchService.Search",
      "SearchService.Suggest",
    ]);
    expect(names(marked.filter((method) => !isSameForAll(method)))).toEqual([]);
  });

  it("is public only where somebody decided so", () => {
    const open = methods.filter((method) => accessOf(method)?.kind === "public");
    expect(names(open).sort()).toEqual([
      "AuthService.ConfirmEmail",
      "AuthService.GetJwks",
      "AuthService.GetOpenIdConfiguration",
      "AuthService.IssueServiceToken",
      "AuthService.Login",
      "AuthService.Logout",
      "AuthService.Refresh",
      "AuthService.Register",
      "AuthService.RequestPasswordReset",
      "AuthService.ResetPassword",
      "CatalogService.BatchGetProducts",
      "CatalogService.GetCategory",
      "CatalogService.GetListing",
      "CatalogService.GetProduct",
      "CatalogService.GetSeller",
      "CatalogService.ListCategories",
      "CatalogService.ListListings",
      "CatalogService.ListProducts",
      "CatalogService.ListSellers",
      "NotificationService.ShowUnsubscribe",
      "NotificationService.Unsubscribe",
      "PaymentService.ReceiveProviderWebhook",
      "PricingService.BatchGetPrices",
      "PricingService.GetPrice",
      "PricingService.ListTaxRates",
      "SearchService.GetDocument",
      "SearchService.Search",
      "SearchService.Suggest",
      "ShippingService.ReceiveCarrierWebhook",
    ]);
  });

  it("names a permission as <thing>.<verb>", () => {
    for (const method of methods) {
      const access = accessOf(method);
      if (access?.kind === "permission") expect(access.permission).toMatch(/^[a-z_]+\.[a-z_]+$/);
    }
  });

  it("has a REST path, and no two have the same", () => {
    const without = methods.filter((method) => !hasOption(method, http));
    expect(names(without)).toEqual([]);
    const shape = (path: string) => path.replace(/\{[^}]*\}/g, "{}");
    const routes = methods
      .flatMap((method) => bindingsOf(method).map(patternOf))
      .map(({ verb, path }) => `${verb} ${shape(path)}`);
    expect(new Set(routes).size).toBe(routes.length);
    for (const route of routes)
      expect(route).toMatch(/^(GET|PUT|POST|DELETE) (\/\.well-known)?(\/[a-z0-9-]+(\.json)?|\/\{\})+$/);
  });

  it("has path variables, a body and a response body that its messages have", () => {
    for (const method of methods) {
      for (const rule of bindingsOf(method)) {
        const variables = [...patternOf(rule).path.matchAll(/\{([a-z_]+)\}/g)].map(([, name = ""]) => name);
        const inputs = method.input.fields.map((field) => field.name);
        expect(inputs, method.name).toEqual(expect.arrayContaining(variables));
        if (rule.body && rule.body !== "*") expect(inputs, method.name).toContain(rule.body);
        if (rule.responseBody)
          expect(
            method.output.fields.map((field) => field.name),
            method.name,
          ).toContain(rule.responseBody);
      }
    }
  });

  it("changes nothing when it is a GET, and may be repeated when it is a PUT or a DELETE", () => {
    for (const method of methods) {
      const verbs = bindingsOf(method).map((rule) => patternOf(rule).verb);
      if (verbs.includes("GET"))
        expect(method.idempotency, method.name).toBe(MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS);
      else if (verbs.some((verb) => verb !== "POST")) {
        expect(method.idempotency, method.name).toBe(MethodOptions_IdempotencyLevel.IDEMPOTENT);
      }
    }
  });

  it("takes a page when it lists, and tells where the next one starts", () => {
    // As many as there are jobs in the code; 20 at most; as many templates as there are in the code; no more than the order has pieces.
    const complete = new Set([
      "JobService.ListJobs",
      "CustomerService.ListAddresses",
      "NotificationService.ListTemplates",
      "OrderService.ListReturns",
    ]);
    for (const method of methods.filter((candidate) => candidate.name.startsWith("List"))) {
      if (complete.has(`${method.parent.name}.${method.name}`)) continue;
      expect(method.input.field["page"]?.message?.typeName, method.name).toBe("tandem.common.v1.PageRequest");
      expect(method.output.field["page"]?.message?.typeName, method.name).toBe("tandem.common.v1.PageInfo");
    }
  });

  it("answers a batch item by item: one result or error each, and the sums", () => {
    const batches = methods.filter((candidate) => /^(Batch|Replay|Discard|ReleaseParked)/.test(candidate.name));
    expect(batches.length).toBeGreaterThan(10);
    for (const { name, output } of batches) {
      expect(
        output.field["results"]?.message?.fields.map((field) => field.name),
        name,
      ).toContain("error");
      expect(output.field["summary"]?.message?.typeName, name).toBe("tandem.common.v1.BatchSummary");
    }
  });
});

describe("every field that a caller sends", () => {
  const requests = reachable(methods.map((method) => method.input));

  it("has a rule, unless nothing in it can be wrong", () => {
    const free = requests.flatMap((message) => message.fields).filter((field) => needsRule(field) && !hasRule(field));
    expect(free.map(String)).toEqual([]);
  });

  it("is bounded when it is a list", () => {
    const lists = requests.flatMap((message) => message.fields).filter((field) => field.fieldKind === "list");
    expect(lists.length).toBeGreaterThan(10);
    for (const list of lists) {
      const { type } = getOption(list, fieldRules);
      expect(type.case === "repeated" && Number(type.value.maxItems), String(list)).toBeGreaterThan(0);
    }
  });

  // Past 2^53 Number() rounds, and 2^63 - 1 rounds up to what no bigint of Postgres holds: a 500, once.
  it("is bounded at both ends when it is a number, within what JavaScript and Postgres hold exactly", () => {
    const numbers = requests.flatMap((message) => message.fields).filter((field) => numberOf(field) !== undefined);
    expect(numbers.length).toBeGreaterThan(30);
    const unsafe = numbers
      .filter((field) => !isBounded(field))
      .map((field) => `${field.parent.typeName}.${field.name}`);
    expect(unsafe).toEqual([]);
  });

  // An index of Postgres takes 2.7 kB, a log line and a person less: an endless text was a 500 where it met an index.
  it("has an end when it is a text", () => {
    const strings = requests.flatMap((message) => message.fields).filter((field) => textRules(field).length > 0);
    expect(strings.length).toBeGreaterThan(150);
    const endless = strings
      .filter((field) => !textRules(field).every(hasEnd))
      .map((field) => `${field.parent.typeName}.${field.name}`);
    expect(endless).toEqual([]);
  });

  it("is a UUID when it is called an id, but for those of other systems", () => {
    const foreign = new Set(["dead_letter_id", "dead_letter_ids", "event_id"]);
    const ids = requests
      .flatMap((message) => message.fields)
      .filter((field) => /_ids?$/.test(field.name) && !foreign.has(field.name));
    for (const id of ids) {
      const { type } = getOption(id, fieldRules);
      const rule = type.case === "repeated" ? type.value.items?.type : type;
      expect(rule?.case === "string" && rule.value.wellKnown, String(id)).toEqual({ case: "uuid", value: true });
    }
  });

  it("is exactly one of them when it is a choice, but for the position of a page", () => {
    const choices = requests.flatMap((message) => message.oneofs).filter((oneof) => oneof.name !== "position");
    expect(choices.map((oneof) => oneof.name)).toEqual(expect.arrayContaining(["method", "kind"]));
    for (const choice of choices) expect(getOption(choice, oneofRules).required, String(choice)).toBe(true);
  });
});

describe("every event", () => {
  it("says in rules what a consumer may rely on: ids, version and time", () => {
    for (const { schema } of topicCatalogue) {
      const [id, version, time] = schema.fields.slice(0, 3).map((field) => getOption(field, fieldRules));
      expect(id?.type.case === "string" && id.type.value.wellKnown.value, schema.name).toBe(true);
      expect(version?.type.case === "int64" && version.type.value.greaterThan.value, schema.name).toBe(1n);
      expect(time?.required, schema.name).toBe(true);
    }
  });

  it("keeps the payment token out of all but the one event that needs it", () => {
    const carriers = topicCatalogue.filter(({ schema }) =>
      reachable([schema]).some((message) => message.typeName === "tandem.common.v1.Card"),
    );
    expect(carriers.map((topic) => topic.name)).toEqual(["order.updated"]);
  });

  it("keeps the payment token out of every answer", () => {
    const outputs = reachable(methods.map((method) => method.output)).map((message) => message.typeName);
    expect(outputs).not.toContain("tandem.common.v1.Card");
  });
});

describe("the comments of an RPC", () => {
  it("name errors that the catalogue has", async () => {
    const { readFileSync } = await import("node:fs");
    const root = join(import.meta.dirname, "../../../proto/tandem");
    const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("_service.proto"),
    );
    const named = sources.flatMap((name) => {
      const comments = readFileSync(join(root, name), "utf8").replace(/\n\s*\/\/ /g, " ");
      return [...comments.matchAll(/Errors: ([^\n]*)/g)].flatMap(
        ([, list = ""]) => list.match(/\b[a-z]+\.[a-z_]+\b/g) ?? [],
      );
    });
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((slug) => !errorCatalogue[slug])).toEqual([]);
  });
});
