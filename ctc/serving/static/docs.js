// Shows the OpenAPI document.
import { byId, element } from "./dom.js";

const DEEP = 6;
let described;

const resolved = (part) => (part?.$ref ? part.$ref.slice(2).split("/").reduce((at, name) => at[name], described) : part);

// Returns an example for a schema: its names, with types in place of values.
function sketch(given, depth = 0) {
  const schema = resolved(given) ?? {};
  if (schema.example !== undefined) return schema.example;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum.join(" | ");
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return sketch(several[0], depth);
  if (depth > DEEP) return "…";
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, sketch(one, depth + 1)]));
  }
  if (typeof schema.additionalProperties === "object") return { "…": sketch(schema.additionalProperties, depth + 1) };
  if (schema.items) return [sketch(schema.items, depth + 1)];
  return schema.format === "binary" ? "a photo's bytes" : [schema.type ?? "anything"].flat().join(" | ");
}

function code(value) {
  return element("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

// Text between backticks is code.
const prose = (text) => text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));

const list = (rows) => element("dl", {}, ...rows.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, ...prose(text))]));

function operation(path, method, { summary, description, parameters = [], requestBody, responses }) {
  const inside = [description && element("p", {}, ...prose(description))];
  if (parameters.length) {
    inside.push(element("h3", {}, "Parameters"), list(parameters.map(resolved).map((one) => [one.name, one.description ?? ""])));
  }
  for (const [kind, { schema }] of Object.entries(requestBody?.content ?? {})) {
    inside.push(element("h3", {}, `Body, ${kind}`), code(sketch(schema)));
  }
  const good = resolved(responses["200"]);
  for (const [kind, { schema }] of Object.entries(good.content)) {
    inside.push(element("h3", {}, `Response, ${kind}`), element("p", {}, ...prose(good.description)), code(sketch(schema)));
  }
  const others = Object.entries(responses).filter(([status]) => status !== "200");
  if (others.length) inside.push(element("h3", {}, "Errors"), list(others.map(([status, one]) => [status, one.description])));
  return element(
    "details",
    { class: "operation" },
    element(
      "summary",
      {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("span", { class: "path" }, path),
      element("span", { class: "title" }, summary),
    ),
    element("div", { class: "inside" }, ...inside.filter(Boolean)),
  );
}

function show() {
  const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  );
  const sections = described.tags.map(({ name, description }) => [
    element("div", { class: "tag" }, element("h2", {}, name), element("p", {}, description)),
    ...operations.filter(({ one }) => one.tags.includes(name)).map(({ path, method, one }) => operation(path, method, one)),
  ]);
  byId("docs").replaceChildren(...sections.flat());
}

fetch("openapi.json")
  .then((reply) => reply.json())
  .then((document) => {
    described = document;
    show();
  })
  .catch((error) => {
    byId("failed").textContent = `The API description can't be loaded: ${error.message}`;
  });
