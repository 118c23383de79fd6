// Shows /openapi.json and tries it. Builds elements, never HTML from text: nothing in the document or an answer is run.
const METHODS = ["get", "post", "put", "patch", "delete"];
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const token = document.querySelector("#token");
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("change", () => sessionStorage.setItem("token", token.value));

const resolve = (schema, components) =>
  schema?.$ref ? { ...components[schema.$ref.split("/").at(-1)], ...schema, $ref: undefined } : schema;

/** Texts of known shape, so that what is filled in passes at once. */
const SHAPES = [
  [/^\^\$?\|?\^?\[A-Z\]\{3\}\$$/, "EUR"],
  [/^\^\$?\|?\^?\[A-Z\]\{2\}\$$/, "DE"],
  [/^\^-\?\[0-9\]\+\$$/, "0"],
];
const textOf = ({ format, pattern = "" }) =>
  format === "date-time" ? new Date().toISOString() : (SHAPES.find(([shape]) => shape.test(pattern))?.[1] ?? "");

/** An example of a schema, so that a body is filled in and not written. */
const exampleOf = (schema, components, depth = 0) => {
  if (schema === undefined || depth > 6) return null;
  if (schema.$ref) return exampleOf(resolve(schema, components), components, depth + 1);
  const alternative = schema.oneOf?.[0] ?? schema.anyOf?.[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum.find((value) => !String(value).endsWith("_UNSPECIFIED")) ?? schema.enum[0];
  const merged = Object.assign({}, ...(schema.allOf ?? []).map((one) => exampleOf(one, components, depth + 1)));
  if (schema.properties) {
    const wanted = Object.entries(schema.properties).filter(([, one]) => !one.readOnly);
    return Object.assign(
      merged,
      Object.fromEntries(wanted.map(([name, one]) => [name, exampleOf(one, components, depth + 1)])),
    );
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "array") return [exampleOf(schema.items, components, depth + 1)].filter((item) => item !== null);
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  if (type === "boolean") return false;
  if (type === "string") return textOf(schema);
  return alternative ? exampleOf(alternative, components, depth + 1) : merged;
};

/** What a body's fields are, with what they have to be: a line each, those of messages below theirs. */
const fieldsOf = (given, components, prefix = "", depth = 0) => {
  const schema = resolve(given, components);
  const entries = depth > 3 ? [] : Object.entries(schema?.properties ?? {});
  return entries.flatMap(([name, one]) => {
    const field = resolve(one, components);
    const items = resolve(field.items, components);
    const type = [field.type].flat()[0] ?? (field.properties ? "object" : "");
    const needed = schema.required?.includes(name) ? ", required" : "";
    const description = one.description ?? field.description;
    const line = element(
      "li",
      {},
      element("code", {}, `${prefix}${name}`),
      ` ${items ? `array of ${items.format ?? items.type ?? "objects"}` : (field.format ?? type)}${needed}`,
      ...(field.enum ? [`: ${field.enum.filter((value) => !/_UNSPECIFIED$/.test(value)).join(", ")}`] : []),
      ...(description ? [element("small", {}, description)] : []),
    );
    return [line, ...fieldsOf(items ?? field, components, `${prefix}${name}${items ? "[]" : ""}.`, depth + 1)];
  });
};

const fieldFor = (parameter, components) => {
  const schema = resolve(parameter.schema ?? {}, components);
  const items = resolve(schema.items, components);
  const choices = items?.enum ? `one or more of ${items.enum.slice(1).join(", ")}` : "several: a, b";
  const input = schema.enum
    ? element(
        "select",
        {},
        element("option", { value: "" }),
        ...schema.enum.map((value) => element("option", {}, String(value))),
      )
    : element("input", { placeholder: items ? choices : (schema.format ?? schema.type ?? "") });
  const told = parameter.description ? [element("small", {}, parameter.description)] : [];
  const label = element(
    "label",
    {},
    element("span", {}, `${parameter.name}${parameter.required ? " *" : ""}`, ...told),
    input,
  );
  return { parameter, isList: items !== undefined, input, label };
};

const readAnswer = async (answer) => {
  const type = answer.headers.get("content-type") ?? "";
  if (/json/.test(type)) {
    const text = await answer.text();
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
  if (/^text\//.test(type)) return answer.text();
  const bytes = await answer.blob();
  return `${bytes.size} bytes of ${type || "unknown type"}`;
};

const send = async (httpMethod, path, fields, body) => {
  const query = new URLSearchParams();
  const headers = new Headers();
  let target = path;
  for (const { parameter, isList, input } of fields) {
    if (input.value === "") continue;
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === "query")
      for (const value of isList ? input.value.split(/\s*,\s*/) : [input.value]) query.append(parameter.name, value);
    if (parameter.in === "header") headers.set(parameter.name, input.value);
  }
  if (token.value !== "") headers.set("authorization", `Bearer ${token.value.trim()}`);
  if (body) headers.set("content-type", "application/json");
  const startedAt = performance.now();
  const answer = await fetch(query.size > 0 ? `${target}?${query}` : target, {
    method: httpMethod.toUpperCase(),
    headers,
    ...(body ? { body: body.value } : {}),
  });
  const elapsed = `${Math.round(performance.now() - startedAt)} ms`;
  const shown = ["x-correlation-id", "x-trace-id", "retry-after", "etag", "location"]
    .filter((name) => answer.headers.has(name))
    .map((name) => `${name}: ${answer.headers.get(name)}`);
  return {
    failed: !answer.ok,
    text: [`${answer.status} ${answer.statusText} in ${elapsed}`, ...shown, "", await readAnswer(answer)].join("\n"),
  };
};

const openOperation = (path, httpMethod, operation, shared, components) => {
  const fields = [...shared, ...(operation.parameters ?? [])].map((parameter) => fieldFor(parameter, components));
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const body =
    schema && element("textarea", { spellcheck: false, value: JSON.stringify(exampleOf(schema, components), null, 2) });
  const output = element("pre", { hidden: true });
  const button = element("button", { type: "button" }, "Send");
  button.addEventListener("click", async () => {
    button.disabled = true;
    output.hidden = false;
    output.textContent = "...";
    try {
      const { failed, text } = await send(httpMethod, path, fields, body);
      output.className = failed ? "failed" : "";
      output.textContent = text;
    } catch (error) {
      output.className = "failed";
      output.textContent = `No answer: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
  const told = [operation.description, operation.responses?.["403"]?.description].filter(Boolean);
  const described = schema ? fieldsOf(schema, components) : [];
  const list = element("details", {}, element("summary", {}, `The body's ${described.length} fields`));
  list.append(element("ul", {}, ...described));
  return element(
    "div",
    { className: "body" },
    ...told.map((text) => element("p", {}, text)),
    ...fields.map(({ label }) => label),
    ...(body ? [body] : []),
    ...(described.length > 0 ? [list] : []),
    button,
    output,
  );
};

/** `OrderService_GetOrder`: "Get order". */
const wordsOf = (operationId) =>
  (operationId.split("_")[1] ?? operationId).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const show = (openapi) => {
  const components = openapi.components?.schemas ?? {};
  const byTag = new Map();
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const httpMethod of METHODS.filter((name) => item[name])) {
      const operation = item[httpMethod];
      const needsToken = (operation.security ?? []).length > 0;
      const made = element(
        "details",
        {},
        element(
          "summary",
          {},
          element("b", {}, httpMethod.toUpperCase()),
          element("code", {}, path),
          element("span", {}, operation.summary ?? wordsOf(operation.operationId), needsToken ? " \u{1F512}" : ""),
        ),
      );
      made.dataset.text = `${httpMethod} ${path} ${operation.operationId} ${operation.summary ?? ""}`.toLowerCase();
      made.addEventListener("toggle", () => {
        if (made.open && made.childElementCount === 1)
          made.append(openOperation(path, httpMethod, operation, item.parameters ?? [], components));
      });
      const tag = operation.tags?.[0] ?? "Other";
      byTag.set(tag, [...(byTag.get(tag) ?? []), made]);
    }
  }
  const sections = [...byTag].map(([tag, operations]) =>
    element(
      "section",
      { id: tag },
      element("h2", {}, tag),
      ...(openapi.tags ?? []).flatMap(({ name, description }) =>
        name === tag && description ? [element("p", {}, description)] : [],
      ),
      ...operations,
    ),
  );
  document
    .querySelector("#tags")
    .replaceChildren(...[...byTag.keys()].map((tag) => element("a", { href: `#${tag}` }, tag)));
  document.querySelector("#operations").replaceChildren(...sections);
  document.querySelector("#find").addEventListener("input", ({ target }) => {
    const words = target.value.toLowerCase().split(/\s+/);
    for (const section of sections) {
      const all = [...section.querySelectorAll("details")];
      for (const one of all) one.hidden = !words.every((word) => one.dataset.text.includes(word));
      section.hidden = all.every((one) => one.hidden);
    }
  });
};

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`it answered ${answer.status}`))))
  .then(show)
  .catch((error) => {
    document.querySelector("#operations").textContent = `The document could not be loaded: ${error.message}`;
  });
