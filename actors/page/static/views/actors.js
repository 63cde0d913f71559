// The actors of the system: a live tree, or by class; each with mailbox, rate, failures; one with its messages by type.
import { html, cls, useEffect, useMemo, useState } from "../lib/html.js";
import { ago, duration, number, plural, trimmed } from "../lib/format.js";
import { Chart } from "../lib/chart.js";
import { feed, inspected, trend, watchActor, watchActors } from "../lib/inspector.js";
import { useObservable } from "../lib/observable.js";
import { Tabs } from "../lib/parts.js";
import { href, replace } from "../lib/router.js";
import { Table } from "../lib/table.js";

const TABS = ["tree", "classes", "dead-letters", "failures"];
const STATES = {
  running: "running",
  waiting: "deploying",
  starting: "deploying",
  restarting: "waiting",
  failed: "unhealthy",
  stopping: "suspended",
  stopped: "suspended",
};
const rateText = (rate) =>
  rate === 0 ? html`<span class="dim">0</span>` : rate < 10 ? trimmed(rate, 1) : number(rate);

export function Actors({ tab = "tree", query }) {
  useEffect(watchActors, []);
  const picture = useObservable(inspected);
  const state = useObservable(feed);
  const { times, rates, lags, depths } = useObservable(trend);
  if (!picture)
    return html`<div class="empty" aria-busy="true">
      ${state === "lost" ? "No connection to the system; trying again …" : "Looking at the actors …"}</div>`;
  const tabs = [
    { key: "tree", title: "Tree", count: number(picture.total) },
    { key: "classes", title: "Classes", count: picture.classes.length },
    { key: "dead-letters", title: "Dead letters", count: number(picture.deadLetters.count) },
    { key: "failures", title: "Failures", count: picture.failures.length },
  ].map((each) => ({ ...each, to: href(["actors", each.key]) }));
  return html`<div class="view stack page actors">
    <div class="headline"><h1>Actors</h1>
      <span class="dim">of the system <b>${picture.system}</b>
        ${state === "lost" && " – no connection, trying again"}</span>
      </div>
    <div class="charts">
      <${Chart} title="Messages a second" value=${number(picture.rate)} times=${times} values=${rates} colour="--accent"
        least=${10} show=${(n) => number(n)} />
      <${Chart} title="Waiting in mailboxes" value=${number(picture.depth)} times=${times} values=${depths}
        colour="--info" least=${10} show=${(n) => number(n)} />
      <${Chart} title="Loop lag, longest" value=${duration(picture.loop.longest)} times=${times} values=${lags}
        colour="--warn" least=${0.002} show=${duration} />
        </div>
    <${Tabs} tabs=${tabs} current=${TABS.includes(tab) ? tab : "tree"} label="Of the actors" />
    <div class="tab">${tab === "classes" ? html`<${Classes}
      picture=${picture} />` : tab === "dead-letters" ? html`<${DeadLetters}
      picture=${picture} />` : tab === "failures" ? html`<${Failures} picture=${picture} />` : html`<${Tree}
      picture=${picture} query=${query} />`}</div>
  </div>`;
}

const short = (path) => path.replace(/^actors:\/\/[^/]*/, "") || "/";
const toActor = (path) => href(["actors", "tree"], { actor: path });

// Rows of the tree, depth first; what the search finds is shown with all above it.
function rowsOf(picture, closed, q) {
  const below = new Map();
  for (const actor of picture.actors) {
    if (!below.has(actor.parent)) below.set(actor.parent, []);
    below.get(actor.parent).push(actor);
  }
  const found = (actor) => short(actor.path).toLowerCase().includes(q) || actor.class.toLowerCase().includes(q);
  const walk = (actor, level) => {
    const children = below.get(actor.path) ?? [];
    const isClosed = !q && closed.has(actor.path);
    const lower = isClosed ? [] : children.flatMap((child) => walk(child, level + 1));
    const hidden = isClosed ? 0 : (picture.hidden[actor.path] ?? 0);
    if (hidden && !q) lower.push({ path: `${actor.path} more`, more: hidden, level: level + 1 });
    if (q && !lower.length && !found(actor)) return [];
    return [{ ...actor, level, isClosed }, ...lower];
  };
  return (below.get(null) ?? []).flatMap((root) => walk(root, 0));
}

function Tree({ picture, query }) {
  const [closed, setClosed] = useState(new Set());
  const q = (query.q ?? "").toLowerCase();
  const rows = useMemo(() => rowsOf(picture, closed, q), [picture, closed, q]);
  const toggle = (path) => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  const columns = [
    {
      key: "name",
      title: "Actor",
      class: "name",
      sort: (row) => row.path,
      cell: (row) => html`<${Name} row=${row} toggle=${toggle} indented=${!query.sort} />`,
    },
    {
      key: "state",
      title: "State",
      class: "state",
      sort: (row) => row.state ?? "",
      cell: (row) =>
        !row.more &&
        html`<span class=${`status ${STATES[row.state]}`}>
      <i aria-hidden="true"></i>${row.state}</span>`,
    },
    {
      key: "depth",
      title: "Mailbox",
      class: "figure",
      sort: (row) => row.depth ?? -1,
      cell: (row) =>
        !row.more &&
        html`${row.depth ? html`<b>${number(row.depth)}</b>` : html`<span
          class="dim">0</span>`}${row.stashed > 0 && html`<span class="dim"> +${row.stashed} stashed</span>`}`,
    },
    {
      key: "rate",
      title: "Per second",
      class: "figure",
      sort: (row) => row.rate ?? -1,
      cell: (row) => !row.more && rateText(row.rate),
    },
    {
      key: "restarts",
      title: "Restarts",
      class: "figure wide",
      sort: (row) => row.restarts ?? -1,
      cell: (row) =>
        !row.more && (row.restarts ? html`<b class="bad">${row.restarts}</b>` : html`<span class="dim">0</span>`),
    },
    {
      key: "failure",
      title: "Last failure",
      class: "error wide",
      sort: (row) => row.failure?.at ?? 0,
      cell: (row) => row.failure && html`<span title=${row.failure.error}>${row.failure.error}</span>`,
    },
  ];
  return html`<div class="stack full"><div class="buttons left"><label class="field inline grow">
    <span class="sr">Search</span>
    <input type="search" id="search" placeholder="Search paths and classes" value=${query.q ?? ""}
      onInput=${(event) => replace(href(["actors", "tree"], { ...query, q: event.target.value }))} />
    </label>
    <span class="dim nowrap" role="status">${picture.actors.length < picture.total ? `${number(picture.actors.length)} of ` : ""}${plural(picture.total, "actor")}</span>
      </div>
    ${query.actor && html`<${One} key=${query.actor} path=${query.actor} />`}
    <${Table} label="Actors" columns=${columns} rows=${rows} rowKey=${(row) => row.path} height=${32}
      rowClass=${(row) => cls({ on: row.path === query.actor })} empty="No actor is like that." />
      </div>`;
}

function Name({ row, toggle, indented }) {
  const style = { paddingLeft: `${indented ? row.level * 16 : 0}px` };
  if (row.more)
    return html`<span class="dim" style=${style}>and ${plural(row.more, "more, less busy", "more, less busy")}</span>`;
  return html`<span class="twig" style=${style}>${
    indented &&
    (row.children > 0
      ? html`<button class="fold" aria-expanded=${!row.isClosed}
        aria-label=${`${row.isClosed ? "Open" : "Close"} ${short(row.path)}`} onClick=${() => toggle(row.path)}>
        ${row.isClosed ? "▸" : "▾"}</button>`
      : html`<span class="fold">
    </span>`)
  }<a href=${toActor(row.path)} title=${row.path}>${indented ? row.name || "/" : short(row.path)}</a>
    <span class="dim class-name">${row.class}</span></span>`;
}

// One actor, timed for as long as this is open.
function One({ path }) {
  const [details, setDetails] = useState(null);
  const [gone, setGone] = useState(false);
  useEffect(
    () =>
      watchActor(
        path,
        (next) => {
          setGone(next.stopped);
          setDetails(next);
        },
        () => setGone(true),
      ),
    [path],
  );
  const kinds = details?.kinds ?? [];
  return html`<section class="opened" aria-label=${`Actor ${path}`}>
    <div class="headline">
      <h2 class="mono">${short(path)}</h2>${gone && html`<span class="badge">has stopped</span>`}<span class="grow">
      </span><a href=${href(["actors", "tree"])}>close</a></div>
    ${
      !details
        ? html`<p class="dim" aria-busy="true">Looking …</p>`
        : html`
    <dl class="facts"><div><dt>Class</dt><dd class="mono">${details.class}</dd></div><div><dt>State</dt>
      <dd>${details.state}${details.handling && html` <span class="dim">handling ${details.handling}</span>`}</dd>
      </div>
      <div><dt>Mailbox</dt>
        <dd>${number(details.depth)}${details.waiting.length > 0 && html` <span class="dim">
          ${details.waiting.map((each) => `${each.count} ${each.type}`).join(", ")}</span>`}</dd>
        </div>
      <div><dt>Restarts</dt><dd>${details.restarts}</dd></div>${
        details.watchers.length > 0 &&
        html`<div>
        <dt>Watched by</dt><dd class="mono">${details.watchers.map(short).join(", ")}</dd></div>`}
      ${
        details.failure &&
        html`<div><dt>Last failure</dt>
        <dd>${details.failure.error} <span class="dim">
          ${ago(new Date(details.failure.at * 1000).toISOString())}, ${plural(details.failure.count, "time")}</span>
        </dd></div>`
      }</dl>
    <table class="plain"><thead><tr><th scope="col">Message</th><th scope="col" class="figure">Count</th>
      <th scope="col" class="figure">Mean</th><th scope="col" class="figure">Median</th>
      <th scope="col" class="figure">99 %</th><th scope="col" class="figure">Longest</th>
      <th scope="col" class="figure">Failed</th></tr></thead>
      <tbody>${kinds.map((kind) => html`<tr><td class="mono">${kind.type}</td>
        <td class="figure">${number(kind.count)}</td><td class="figure">${duration(kind.mean)}</td>
        <td class="figure">≤ ${duration(kind.median)}</td><td class="figure">≤ ${duration(kind.p99)}</td>
        <td class="figure">${duration(kind.longest)}</td>
        <td class="figure">${kind.failures ? html`<b class="bad">${kind.failures}</b>` : 0}</td>
        </tr>`)}${
        kinds.length === 0 &&
        html`<tr>
        <td colspan="7" class="dim">It has handled nothing since this was opened.</td></tr>`
      }</tbody></table>`}
  </section>`;
}

function Classes({ picture }) {
  const columns = [
    {
      key: "class",
      title: "Class",
      class: "name",
      sort: (row) => row.class,
      cell: (row) => html`<a class="mono" href=${href(["actors", "tree"], { q: row.class })}>${row.class}</a>`,
    },
    { key: "actors", title: "Actors", class: "figure", sort: (row) => row.actors, cell: (row) => number(row.actors) },
    { key: "rate", title: "Per second", class: "figure", sort: (row) => row.rate, cell: (row) => rateText(row.rate) },
    { key: "depth", title: "Waiting", class: "figure", sort: (row) => row.depth, cell: (row) => number(row.depth) },
    {
      key: "deepest",
      title: "Fullest mailbox",
      class: "figure amount wide",
      sort: (row) => row.deepest,
      cell: (row) => number(row.deepest),
    },
    {
      key: "restarts",
      title: "Restarts",
      class: "figure wide",
      sort: (row) => row.restarts,
      cell: (row) => number(row.restarts),
    },
  ];
  return html`<${Table} label="Classes of actors" columns=${columns} rows=${picture.classes}
    rowKey=${(row) => row.class} />`;
}

const when = (at) =>
  html`<time title=${new Date(at * 1000).toISOString()}>${ago(new Date(at * 1000).toISOString())}</time>`;

function DeadLetters({ picture }) {
  const columns = [
    {
      key: "message",
      title: "Message",
      class: "name",
      sort: (row) => row.message,
      cell: (row) => html`<span class="mono">${row.message}</span>`,
    },
    { key: "count", title: "Count", class: "figure", sort: (row) => row.count, cell: (row) => number(row.count) },
    {
      key: "sender",
      title: "From",
      class: "path",
      sort: (row) => row.sender,
      cell: (row) => html`<span title=${row.sender}>${short(row.sender)}</span>`,
    },
    {
      key: "recipient",
      title: "To",
      class: "path",
      sort: (row) => row.recipient,
      cell: (row) => html`<span title=${row.recipient}>${short(row.recipient)}</span>`,
    },
    { key: "reason", title: "Why", class: "path wide", sort: (row) => row.reason, cell: (row) => row.reason },
    { key: "at", title: "Last", class: "when", sort: (row) => row.at, cell: (row) => when(row.at) },
  ];
  return html`<${Table} label="Dead letters" columns=${columns} rows=${picture.deadLetters.groups}
    rowKey=${(row) => [row.sender, row.recipient, row.message, row.reason].join(" ")}
    empty="Every message has found its receiver." />`;
}

function Failures({ picture }) {
  const columns = [
    {
      key: "actor",
      title: "Actor",
      class: "path",
      sort: (row) => row.actor,
      cell: (row) => html`<a title=${row.actor} href=${toActor(row.actor)}>${short(row.actor)}</a>`,
    },
    {
      key: "error",
      title: "Last failure",
      class: "name",
      sort: (row) => row.error,
      cell: (row) => html`<span title=${row.error}>${row.error}</span>`,
    },
    { key: "count", title: "Failures", class: "figure", sort: (row) => row.count, cell: (row) => number(row.count) },
    { key: "at", title: "Last", class: "when", sort: (row) => row.at, cell: (row) => when(row.at) },
  ];
  return html`<${Table} label="Failures" columns=${columns} rows=${picture.failures} rowKey=${(row) => row.actor}
    empty="No actor has failed." />`;
}
