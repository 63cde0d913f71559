// Small things that several views show.
import { html, cls, useState } from "./html.js";
import { useInSight } from "./sight.js";
import { HEALTHS, healthOf, running } from "./health.js";
import { number } from "./format.js";

const HEALTH_WORDS = {
  healthy: "healthy",
  unhealthy: "unhealthy",
  unknown: "running, not checked",
  staged: "starting",
};

// `word` when it is called otherwise than its colour.
export function Status({ of, word }) {
  return html`<span class=${`status ${of}`}><i aria-hidden="true"></i>${word ?? of}</span>`;
}

// How many of the wanted instances are there, and how they are. Its text says the same.
export function HealthBar({ app }) {
  const parts = healthOf(app);
  const whole = Math.max(app.instances, running(app) + parts.staged, 1);
  const words = HEALTHS.filter((health) => parts[health]).map(
    (health) => `${number(parts[health])} ${HEALTH_WORDS[health]}`,
  );
  const title = words.join(", ") || "no instance";
  return html`<span class="bar" role="img" aria-label=${title} title=${title}>
    ${HEALTHS.map(
      (health) =>
        parts[health] > 0 &&
        html`<i class=${health} style=${{ width: `${(100 * parts[health]) / whole}%` }}>
      </i>`)}
  </span>`;
}

export function Count({ app }) {
  return html`<span class="count"><b>${number(running(app))}</b> of ${number(app.instances)}</span>`;
}

// Browsers give the clipboard only to pages over TLS or from this machine; there a click still selects the whole command.
export const CAN_COPY = Boolean(navigator.clipboard);

// The command that does what this page shows.
export function Command({ children }) {
  const [copied, setCopied] = useState(false);
  const text = [children].flat().join("");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return html`<div class="command"><span class="prompt" aria-hidden="true">$</span><code>${text}</code>
    ${CAN_COPY && html`<button class="quiet" onClick=${copy} aria-label=${`Copy the command ${text}`}>
      ${copied ? "copied" : "copy"}</button>`}</div>`;
}

export function Problem({ error }) {
  if (!error) return null;
  return html`<div class="problem" role="alert">${error.message ?? String(error)}</div>`;
}

export function Tabs({ tabs, current, label }) {
  const row = useInSight(current);
  return html`<nav class="tabs" aria-label=${label} ref=${row}>
    ${tabs.map(({ key, title, to, count }) => html`<a href=${to} class=${cls({ on: key === current })}
      aria-current=${key === current ? "page" : undefined}>${title}${count != null && html` <span class="badge">
      ${count}</span>`}</a>`)}
  </nav>`;
}

export const Labels = ({ of }) =>
  html`${Object.entries(of ?? {}).map(([name, value]) => html`<span class="label" title=${`${name}: ${value}`}>
    ${name}${value && html`<b>${value}</b>`}</span>`)}`;

// A shell-safe word for commands that are shown to be copied.
export const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
