// An app's definition, as the service keeps it.
import { html, useState } from "../lib/html.js";
import { definitionOf, pretty } from "../lib/definition.js";
import { CAN_COPY } from "../lib/parts.js";

export function Configuration({ app }) {
  const [copied, setCopied] = useState(false);
  const definition = definitionOf(app);
  const text = pretty(definition);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return html`<div class="stack">
    <div class="split">
      <dl class="pairs">${Object.entries(definition)
        .filter(([, value]) => !isEmpty(value))
        .map(
          ([name, value]) => html`<div>
        <dt>${name}</dt><dd><${Value} of=${value} /></dd></div>`)}</dl>
      <div class="grow source"><div class="headline"><h2>As JSON</h2><span class="grow">
        </span>${CAN_COPY && html`<button class="quiet" onClick=${copy}>${copied ? "copied" : "copy"}</button>`}</div>
        <pre class="json" tabindex="0" aria-label="The definition as JSON">${text}</pre></div>
    </div>
  </div>`;
}

const isEmpty = (value) =>
  value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

function Value({ of }) {
  if (of === null || typeof of !== "object")
    return html`<span class=${typeof of === "string" ? "mono" : ""}>${String(of)}</span>`;
  if (Array.isArray(of)) return html`<ul>${of.map((value) => html`<li><${Value} of=${value} /></li>`)}</ul>`;
  return html`<dl class="inner">${Object.entries(of).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>
    <${Value} of=${value} /></dd></div>`)}</dl>`;
}
