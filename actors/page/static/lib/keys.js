// The keyboard, as Marathon's page had it: single keys, and g followed by another. Not while one types.
import { openDialog } from "./dialog.js";
import { html } from "./html.js";
import { navigate } from "./router.js";
import { info } from "./store.js";

const focusSearch = () => document.getElementById("search")?.focus();

const ALL = [
  { keys: "c", does: "Create an app", view: "apps", run: () => navigate("#/create") },
  { keys: "s", does: "Search", run: focusSearch },
  { keys: "/", does: "Search", run: focusSearch },
  { keys: "g a", does: "Go to the apps", view: "apps", run: () => navigate("#/apps") },
  { keys: "g p", does: "Go to the pods", view: "apps", run: () => navigate("#/pods") },
  { keys: "g d", does: "Go to the deployments", view: "apps", run: () => navigate("#/deployments") },
  { keys: "g c", does: "Go to the cluster", view: "cluster", run: () => navigate("#/cluster") },
  { keys: "g t", does: "Go to the actors", view: "actors", run: () => navigate("#/actors") },
  { keys: "g e", does: "Go to the events since this page was opened", view: "apps", run: () => navigate("#/events") },
  { keys: "?", does: "Show the keys", run: () => openDialog((close) => html`<${Help} close=${close} />`) },
];

let available = ALL;

function Help({ close }) {
  return html`<h2 id="dialog-title">Keys</h2><dl class="keys">${available.map(
    ({ keys, does }) => html`<div>
    <dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${does}</dd></div>`)}
    <div><dt><kbd>↑</kbd><kbd>↓</kbd></dt><dd>From row to row in a table</dd></div><div><dt><kbd>Esc</kbd></dt>
      <dd>Close a dialog</dd></div></dl>
    ${
      info.value &&
      html`<p class="dim">Marathon ${info.value.version} ·${" "}<a href="/v2/openapi.json" target="_blank" rel="noreferrer">the API, described for programs</a></p>`}
    <div class="buttons"><button class="button primary" onClick=${close} autofocus>Close</button></div>`;
}

const PATIENCE = 1200; // milliseconds between g and the key after it

export function listen(views) {
  available = ALL.filter(({ view }) => !view || views.includes(view));
  let first = "";
  let timer;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog[open]")) {
      if (event.key === "Escape" && event.target.id === "search") event.target.blur();
      return;
    }
    const typed = first ? `${first} ${event.key}` : event.key;
    const found = available.find(({ keys }) => keys === typed);
    first = "";
    clearTimeout(timer);
    if (found) {
      event.preventDefault();
      found.run();
    } else if (available.some(({ keys }) => keys.startsWith(`${typed} `))) {
      first = typed;
      timer = setTimeout(() => (first = ""), PATIENCE);
    }
  });
}
