// Shows openapi.json. Texts become text nodes: nothing of the document is taken for HTML.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const MAX_DEPTH = 6; // of a schema's tree; deeper things are named and linked

let api; // the document

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== undefined && child !== null && child !== ""));
  return element;
}

function resolve(value) {
  while (value && value.$ref) {
    const found = value.$ref.slice(2).split("/").reduce(
      (at, part) => at && at[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
    value = found;
  }
  return value || {};
}

const nameOf = schema => schema && schema.$ref ? schema.$ref.split("/").pop() : undefined;

function link(name) { return make("a", {href: "#schema-" + name}, name); }

// A schema's type and bounds, in a few words.
function inWords(schema) {
  const facts = [];
  if (schema.const !== undefined) facts.push(JSON.stringify(schema.const));
  else if (schema.enum) facts.push(schema.enum.map(value => JSON.stringify(value)).join(" | "));
  else if (schema.type) facts.push([].concat(schema.type).join(" or "));
  if (schema.format) facts.push(schema.format);
  for (const [name, label] of [["minimum", "from"], ["maximum", "to"], ["minLength", "min. length"],
    ["maxLength", "max. length"], ["minItems", "min. items"], ["maxItems", "max. items"], ["pattern", "like"]]) {
    if (schema[name] !== undefined) facts.push(label + " " + schema[name]);
  }
  if (schema.default !== undefined) facts.push("default " + JSON.stringify(schema.default));
  return facts.join(", ");
}

const choicesOf = schema => schema.anyOf || schema.oneOf;

function members(schema, depth) {
  const list = make("ul", {class: "tree"});
  const required = new Set(schema.required || []);
  for (const [name, member] of Object.entries(schema.properties || {})) {
    list.append(make("li", {}, make("code", {}, name), " ", ...describe(member, depth + 1),
      required.has(name) ? make("span", {class: "needed"}, " required") : ""));
  }
  if (typeof schema.additionalProperties === "object") {
    list.append(make("li", {}, make("code", {}, "any name"), " ", ...describe(schema.additionalProperties, depth + 1)));
  }
  return list.childElementCount ? [list] : [];
}

// What is to be said behind a name.
function describe(schema, depth = 0) {
  const name = nameOf(schema);
  const whole = resolve(schema);
  const description = schema.description || whole.description;
  const parts = [];
  if (name) parts.push(link(name), " ");
  if (whole.allOf) {
    if (!name) whole.allOf.forEach((part, i) => parts.push(i ? "and " : "", ...describe(part, depth)));
  } else if (choicesOf(whole)) {
    if (!name) choicesOf(whole).forEach((part, i) => parts.push(i ? "or " : "", ...describe(part, depth)));
  } else {
    const words = inWords(whole);
    if (words) parts.push(make("span", {class: "quiet"}, words), " ");
    if (whole.type === "array" && whole.items) parts.push("of ", ...describe(whole.items, depth));
  }
  if (description) parts.push(make("span", {class: "quiet"}, "– " + description), " ");
  if (!name && depth < MAX_DEPTH) parts.push(...members(whole, depth));
  return parts;
}

function parametersOf(item, operation) {
  return [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
}

function parameterTable(parameters) {
  if (!parameters.length) return [];
  const rows = parameters.map(parameter => make("tr", {},
    make("td", {}, make("code", {}, parameter.name),
      parameter.required ? make("span", {class: "needed"}, " required") : ""),
    make("td", {class: "quiet"}, parameter.in),
    make("td", {}, ...describe(parameter.schema || {}), parameter.description || "")));
  return [make("h3", {}, "Parameters"), make("table", {}, make("tbody", {}, ...rows))];
}

function contents(content) {
  return Object.entries(content || {}).map(([type, media]) =>
    make("div", {}, make("code", {}, type), " ", ...describe(media.schema || {})));
}

function bodyOf(operation) {
  if (!operation.requestBody) return [];
  const body = resolve(operation.requestBody);
  return [make("h3", {}, "Body"), body.description || "", ...contents(body.content)];
}

function responseTable(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const whole = resolve(response);
    const headers = Object.keys(whole.headers || {}).filter(name => name !== "X-Correlation-ID");
    return make("tr", {},
      make("td", {}, make("span", {class: "status " + (status < "400" ? "good" : "bad")}, status)),
      make("td", {}, whole.description || "",
        headers.length ? make("div", {class: "quiet"}, "with ", make("code", {}, headers.join(", "))) : "",
        ...(status < "400" ? contents(whole.content) : [])));
  });
  return [make("h3", {}, "Answers"), make("table", {}, make("tbody", {}, ...rows))];
}

function callersOf(operation) {
  const needs = operation.security || api.security || [];
  const names = needs.flatMap(need => Object.keys(need));
  if (!names.length) return make("p", {}, "Asks for no key.");
  const schemes = api.components.securitySchemes;
  return make("p", {}, "Who: ", names.map(name => schemes[name].description || name).join("; or "));
}

function curlOf(path, method, operation, parameters) {
  const needs = JSON.stringify(operation.security || api.security || []);
  const secret = needs === "[]" ? "" : needs.includes("apiKey") ? ' -H "X-API-Key: $VOLCANION_API_KEY"'
    : ' -H "Authorization: Bearer $VOLCANION_ADMIN_TOKEN"';
  const body = operation.requestBody ? " -H 'Content-Type: application/json' -d @body.json" : "";
  const place = path.replaceAll(/{([^}]*)}/g, (_, name) => "$" + name.replaceAll(/[A-Z]/g, "_$&").toUpperCase());
  const verb = method === "get" ? "" : " -X " + method.toUpperCase();
  const guard = parameters.some(parameter => parameter.name === "If-Match") ? " -H 'If-Match: \"1\"'" : "";
  return make("pre", {}, "curl -s" + verb + secret + guard + body + ' "$VOLCANION_URL' + place + '"');
}

function operationOf(path, method, item) {
  const operation = item[method];
  const parameters = parametersOf(item, operation);
  return make("article", {id: operation.operationId},
    make("details", {},
      make("summary", {}, make("span", {class: "method " + method}, method), make("span", {class: "path"}, path),
        make("span", {class: "what"}, operation.summary)),
      make("div", {class: "body"}, operation.description ? make("p", {}, operation.description) : "",
        callersOf(operation), curlOf(path, method, operation, parameters), ...parameterTable(parameters),
        ...bodyOf(operation), ...responseTable(operation))));
}

function show() {
  document.title = api.info.title + " API " + api.info.version;
  document.getElementById("about").append(
    make("h1", {}, api.info.title + " API"),
    make("p", {class: "version"}, "version " + api.info.version + " · ",
      make("a", {href: "openapi.json"}, "openapi.json")),
    make("p", {}, api.info.summary),
    ...api.info.description.trim().split(/\n\s*\n/).map(text => make("p", {}, text)));
  const index = document.getElementById("index"), operations = document.getElementById("operations");
  operations.replaceChildren();
  for (const tag of api.tags) {
    const entries = make("ul"), section = make("section", {}, make("h2", {}, tag.name),
      tag.description ? make("p", {class: "quiet"}, tag.description) : "");
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS.filter(name => item[name] && item[name].tags.includes(tag.name))) {
        const words = [method, path, item[method].summary, tag.name].join(" ").toLowerCase();
        const entry = make("li", {"data-words": words}, make("a", {href: "#" + item[method].operationId},
          make("span", {class: "method " + method}, method), item[method].summary));
        const article = operationOf(path, method, item);
        article.setAttribute("data-words", words);
        entries.append(entry);
        section.append(article);
      }
    }
    index.append(make("div", {}, make("h2", {}, tag.name), entries));
    operations.append(section);
  }
  const schemas = Object.entries(api.components.schemas).sort(([a], [b]) => a.localeCompare(b));
  document.getElementById("schemas").append(make("h2", {}, "Schemas"), ...schemas.map(([name, schema]) =>
    make("article", {class: "schema", id: "schema-" + name},
      make("details", {}, make("summary", {}, make("code", {}, name)),
        make("div", {class: "body"}, ...describe(schema))))));
}

// Routes that hold every word of the search; sections without one go too.
function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const element of document.querySelectorAll("[data-words]")) {
    element.hidden = !words.every(word => element.dataset.words.includes(word));
  }
  for (const group of document.querySelectorAll("#index > div, #operations > section")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
}

// What the address points at is opened.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.querySelector("details");
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
}

async function load() {
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error("the server answered " + answer.status);
    api = await answer.json();
  } catch (error) {
    document.getElementById("state").textContent = "openapi.json cannot be read: " + error.message;
    return;
  }
  show();
  document.getElementById("search").addEventListener("input", event => search(event.target.value));
  window.addEventListener("hashchange", openTarget);
  openTarget();
}

load();
