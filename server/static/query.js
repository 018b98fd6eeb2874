"use strict";

const at = (id) => document.getElementById(id);
const [form, examples, query, variables] = ["form", "examples", "query", "variables"].map(at);
const [status, result, schema, schemaText] = ["status", "result", "schema", "schema-text"].map(at);

function show(example) {
  query.value = example.dataset.query;
  variables.value = example.dataset.variables;
}

async function ask() {
  const request = { query: query.value };
  if (variables.value.trim()) {
    request.variables = JSON.parse(variables.value);
  }
  return fetch("graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
    body: JSON.stringify(request),
  });
}

async function run() {
  status.textContent = "Running …";
  const began = performance.now();
  try {
    const response = await ask();
    const answer = await response.json();
    result.textContent = JSON.stringify(answer, null, 2);
    const took = Math.round(performance.now() - began);
    status.textContent = answer.errors ? `Refused, ${took} ms` : `Answered in ${took} ms`;
  } catch (error) {
    result.textContent = "";
    status.textContent = error instanceof SyntaxError ? "The variables are no JSON" : "The server does not answer";
  }
}

async function showSchema() {
  if (schema.open && !schema.dataset.shown) {
    const response = await fetch("schema.graphql");
    schemaText.textContent = response.ok ? await response.text() : "The schema cannot be read now";
    schema.dataset.shown = "yes";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
examples.addEventListener("change", () => show(examples.selectedOptions[0]));
schema.addEventListener("toggle", showSchema);

const address = new URLSearchParams(location.search);
if (address.has("query")) {
  query.value = address.get("query");
  variables.value = address.get("variables") || "";
} else {
  show(examples.options[0]);
}
