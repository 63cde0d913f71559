// What happened lately, as the service tells it: every event since the page was opened, newest first.
import { html, useState } from "../lib/html.js";
import { exactClock, moment } from "../lib/format.js";
import { useObservable } from "../lib/observable.js";
import { Command } from "../lib/parts.js";
import { toApp, toDeployment, toPod } from "../lib/router.js";
import { pods, recent } from "../lib/store.js";
import { Table } from "../lib/table.js";

const COLUMNS = [
  {
    key: "at",
    title: "When",
    class: "when",
    cell: (row) => html`<time datetime=${row.at} title=${moment(row.at)}>${exactClock(row.at)}</time>`,
  },
  { key: "type", title: "Event", class: "amount", cell: (row) => row.type.replace(/_event$/, "").replaceAll("_", " ") },
  { key: "of", title: "Of", class: "amount", cell: (row) => of(row.data) },
  { key: "what", title: "What", class: "name", cell: (row) => what(row.data) },
];

function of(data) {
  const app = data.runSpecId ?? data.appId ?? data.appDefinition?.id;
  if (app) return html`<a href=${(pods.value?.has(app) ? toPod : toApp)(app)}>${app}</a>`;
  const deployment = data.plan?.id ?? (data.node && data.id);
  return deployment
    ? html`<a href=${toDeployment(deployment)}>${data.node ?? "deployment"}</a>`
    : html`<span class="dim">${data.groupId ?? data.remoteAddress ?? "the service"}</span>`;
}

const what = (data) =>
  [
    data.taskStatus,
    data.condition,
    data.state,
    data.alive === undefined ? "" : data.alive ? "alive" : "not alive",
    data.message,
    data.reason,
    data.notifies?.length ? `told ${data.notifies.join(", ")}` : "",
    data.instanceId ?? data.taskId,
  ]
    .filter(Boolean)
    .join(" · ");

export function Events() {
  const all = useObservable(recent);
  const [q, setQ] = useState("");
  const rows = q ? all.filter((row) => JSON.stringify(row.data).includes(q) || row.type.includes(q)) : all;
  return html`<div class="view stack page"><div class="headline"><h1>Events</h1>
    <span class="dim">since this page was opened</span><span class="grow"></span>
    <label class="field inline"><span class="sr">Search</span>
      <input type="search" id="search" placeholder="Search" value=${q} onInput=${(event) => setQ(event.target.value)} />
      </label></div>
    <${Table} label="Events" columns=${COLUMNS} rows=${rows} rowKey=${(row) => row.key}
      empty="Nothing has happened yet." />
    <${Command}>marathon events<//></div>`;
}
