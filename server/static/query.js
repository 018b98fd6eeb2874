const at = (id) => document.getElementById(id);
const [form, examples, token, query, variables] = ["form", "examples", "token", "query", "variables"].map(at);
const [status, result, schema, schemaText] = ["status", "result", "schema", "schema-text"].map(at);
const [explain, explained] = ["explain", "explained"].map(at);

function show(example) {
  query.value = example.dataset.query;
  variables.value = example.dataset.variables;
}

// The token is in its field alone: nothing of it is kept, nor in the address.
function caller() {
  return token.value.trim() ? { authorization: `Bearer ${token.value.trim()}` } : {};
}

function ask(request) {
  return fetch("graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...caller() },
    body: JSON.stringify(request),
  });
}

function given() {
  try {
    const extensions = explain.checked ? { explain: true } : undefined;
    return { query: query.value, variables: JSON.parse(variables.value || "null"), extensions };
  } catch {
    return null;
  }
}

async function run() {
  const request = given();
  if (!request) {
    status.textContent = "The variables are no JSON";
    return;
  }
  status.textContent = "Running …";
  const began = performance.now();
  try {
    const response = await ask(request);
    const answer = await response.json();
    const took = Math.round(performance.now() - began);
    showExplanation(answer);
    result.textContent = JSON.stringify(answer, null, 2);
    status.textContent = answer.errors ? `Refused in ${took} ms` : `Answered in ${took} ms`;
  } catch {
    explained.hidden = true;
    result.textContent = "";
    status.textContent = "The server does not answer";
  }
}

// An explanation has a place of its own, where its texts are texts and not JSON.
function showExplanation(answer) {
  const { explain: told, ...others } = answer.extensions || {};
  explained.hidden = !told;
  if (!told) return;
  answer.extensions = Object.keys(others).length ? others : undefined;
  const phases = Object.entries(told.ms).map(([phase, ms]) => `${phase}${told.known[phase] ? " (known)" : ""} ${ms} ms`);
  explained.replaceChildren(
    element("h2", "How the answer came about"),
    element("p", `${told.rows} rows shown of ${told.cost} that may be asked for: ${phases.join(", ")}`),
    ...titled("Plan", told.plan),
    ...told.statements.flatMap((asked) => [
      ...titled(`Statement, ${asked.ms} ms`, asked.statement),
      element("p", Object.entries(asked.parameters).map(([name, sort]) => `${name}: ${sort}`).join(", ")),
      ...titled("What the store does for it", asked.store),
    ]),
  );
}

function titled(title, text) {
  const pre = element("pre", text);
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", title);
  return [element("h3", title), pre];
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

let shownTo;

async function showSchema() {
  if (schema.open && shownTo !== token.value) {
    const response = await fetch("schema.graphql", { headers: caller() });
    schemaText.textContent = response.ok ? await response.text() : "The schema cannot be read now";
    shownTo = token.value;
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
token.addEventListener("change", showSchema);

const address = new URLSearchParams(location.search);
if (address.has("query")) {
  query.value = address.get("query");
  variables.value = address.get("variables") || "";
} else {
  show(examples.options[0]);
}
