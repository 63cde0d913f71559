// The apps: groups as folders, filters in the address, rows live.
import { html, cls, useMemo } from "../lib/html.js";
import { Command, Count, HealthBar, Labels, Status } from "../lib/parts.js";
import { HEALTHS, STATUSES, healthOf, running, statusOf } from "../lib/health.js";
import { cpus, megabytes, number, plural } from "../lib/format.js";
import { href, replace, toApp, toGroup } from "../lib/router.js";
import { useObservable } from "../lib/observable.js";
import { apps, groups, queue } from "../lib/store.js";
import { Table } from "../lib/table.js";

const COLUMNS = [
  { key: "id", title: "Name", class: "name", sort: (row) => row.id, cell: (row) => html`<${Name} row=${row} />` },
  {
    key: "cpus",
    title: "CPUs",
    class: "figure wide",
    sort: (row) => row.cpus * row.instances,
    cell: (row) => cpus(row.cpus * row.instances),
  },
  {
    key: "mem",
    title: "Memory",
    class: "figure wide",
    sort: (row) => row.mem * row.instances,
    cell: (row) => megabytes(row.mem * row.instances),
  },
  {
    key: "status",
    title: "Status",
    class: "state",
    sort: (row) => row.status,
    cell: (row) =>
      row.group ? html`<span class="dim">${plural(row.apps, "app")}</span>` : html`<${Status} of=${row.status} />`,
  },
  {
    key: "tasks",
    title: "Running",
    class: "figure",
    sort: (row) => running(row),
    cell: (row) => html`<${Count} app=${row} />`,
  },
  {
    key: "health",
    title: "Health",
    class: "health",
    sort: (row) => healthOf(row).unhealthy,
    cell: (row) => html`<${HealthBar} app=${row} />`,
  },
];

export function Apps({ query }) {
  const all = useObservable(apps);
  const folders = useObservable(groups);
  const waiting = useObservable(queue);
  const group = query.group ?? "/";
  const filtered = Boolean(query.q || query.status || query.health || query.label);
  const within = useMemo(() => below(all, group, waiting), [all, group, waiting]);
  const rows = useMemo(
    () => (filtered ? within.filter(matcher(query)) : foldersOf(within, folders, group).concat(direct(within, group))),
    [within, folders, group, query.q, query.status, query.health, query.label],
  );
  if (all === null) return html`<div class="empty" aria-busy="true">Asking the service for its apps …</div>`;
  return html`<div class="view columns">
    <${Filters} rows=${within} query=${query} />
    <section class="stack grow">
      <div class="headline">
        <${Crumbs} group=${group} />
        <span class="dim" role="status">${summary(rows, within, filtered)}</span>
      </div>
      <${Table} label="Apps" columns=${COLUMNS} rows=${rows} rowKey=${(row) => (row.group ? "group " : "app ") + row.id}
        empty=${all.size === 0 ? html`<${Nothing} />` : "No app is like that."} />
      <${Command}>marathon apps</${Command}>
    </section>
  </div>`;
}

function Name({ row }) {
  if (row.group)
    return html`<a class="folder" href=${toGroup(row.id)} aria-label=${`${row.label}, a group`}>
    <span class="icon" aria-hidden="true">▸</span><span class="id">${row.label}</span></a>`;
  const own = row.label.lastIndexOf("/") + 1;
  return html`<a href=${toApp(row.id)} title=${row.id}><span class="id"><span class="above">${row.label.slice(0, own)}</span>
    <span>${row.label.slice(own)}</span></span></a>
    <${Labels} of=${row.labels} />`;
}

function Crumbs({ group }) {
  const parts = group.split("/").filter(Boolean);
  return html`<nav class="crumbs" aria-label="Group"><h1>
    <a href=${toGroup("/")}>Apps</a>${parts.map((part, i) => html`<span aria-hidden="true">/</span>
    <a href=${toGroup(`/${parts.slice(0, i + 1).join("/")}`)}>${part}</a>`)}</h1></nav>`;
}

function Nothing() {
  return html`<h2>No apps yet</h2><p><a class="button primary" href="#/create">Create one</a></p>
    <p class="dim">or <code>marathon deploy app.json</code></p>`;
}

function Filters({ rows, query }) {
  const counts = useMemo(() => count(rows), [rows]);
  const to = (change) => href(["apps"], { ...query, ...change });
  const group = (name, values, title) =>
    values.some((value) => counts[name].get(value)) &&
    html`<fieldset>
    <legend>${title}</legend>
    ${values.map(
      (value) =>
        (counts[name].get(value) || query[name] === value) &&
        html`<a class=${cls("filter", { on: query[name] === value })}
          aria-current=${query[name] === value ? "true" : undefined}
      href=${to({ [name]: query[name] === value ? "" : value })}><span class=${`dot ${value}`} aria-hidden="true">
        </span><span class="grow">${value}</span><span class="dim">${number(counts[name].get(value) ?? 0)}</span>
        </a>`)}
  </fieldset>`;
  const labels = [...counts.label.keys()].sort().slice(0, 30);
  return html`<aside class="filters" aria-label="Filters">
    <input type="search" id="search" placeholder="Search apps" aria-label="Search apps by id" value=${query.q ?? ""}
      autocomplete="off" spellcheck=${false}
      onInput=${(event) => replace(to({ q: event.target.value }))} />
    ${group("status", STATUSES, "Status")}
    ${group("health", HEALTHS, "Health")}
    ${group("label", labels, "Label")}
  </aside>`;
}

const summary = (rows, within, filtered) =>
  filtered ? `${number(rows.length)} of ${plural(within.length, "app")}` : plural(within.length, "app");

// Rows of all apps below a group, their labels relative to it.
function below(all, group, waiting) {
  const prefix = group === "/" ? "/" : `${group}/`;
  const rows = [];
  for (const app of all?.values() ?? []) if (app.id.startsWith(prefix)) rows.push(rowOf(app, prefix, waiting));
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

// The same row for as long as nothing of it changes, so that it is not drawn again.
const known = new WeakMap();

function rowOf(app, prefix, waiting) {
  const label = app.id.slice(prefix.length);
  const status = statusOf(app, waiting);
  const row = known.get(app);
  if (row && row.label === label && row.status === status) return row;
  const made = { ...app, label, status };
  known.set(app, made);
  return made;
}

const direct = (rows, group) => {
  const depth = group === "/" ? 1 : group.length + 1;
  return rows.filter((row) => row.id.indexOf("/", depth) < 0);
};

function foldersOf(rows, folders, group) {
  const sums = new Map();
  const prefix = group === "/" ? "/" : `${group}/`;
  for (const row of rows) {
    const end = row.id.indexOf("/", prefix.length);
    if (end < 0) continue;
    const id = row.id.slice(0, end);
    const sum = sums.get(id) ?? {
      id,
      label: row.id.slice(prefix.length, end),
      group: true,
      apps: 0,
      cpus: 0,
      mem: 0,
      instances: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      tasksStaged: 0,
      total: 0,
    };
    sum.apps += 1;
    sum.totalCpus = (sum.totalCpus ?? 0) + row.cpus * row.instances;
    sum.totalMem = (sum.totalMem ?? 0) + row.mem * row.instances;
    for (const figure of ["instances", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "tasksStaged"])
      sum[figure] += row[figure] ?? 0;
    sums.set(id, sum);
  }
  // A group's row multiplies like an app's: per instance is the sum over its instances.
  for (const sum of sums.values()) {
    sum.cpus = sum.instances ? sum.totalCpus / sum.instances : 0;
    sum.mem = sum.instances ? sum.totalMem / sum.instances : 0;
  }
  return [...sums.values()].filter((sum) => folders.has(sum.id));
}

function count(rows) {
  const counts = { status: new Map(), health: new Map(), label: new Map() };
  const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const row of rows) {
    add(counts.status, row.status);
    const parts = healthOf(row);
    for (const health of HEALTHS) if (parts[health]) add(counts.health, health);
    for (const [name, value] of Object.entries(row.labels ?? {})) add(counts.label, value ? `${name}:${value}` : name);
  }
  return counts;
}

function matcher({ q, status, health, label }) {
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const [name, value] = label ? splitLabel(label) : [];
  return (row) =>
    (!status || row.status === status) &&
    (!health || healthOf(row)[health] > 0) &&
    (!name || (row.labels && name in row.labels && (value === undefined || row.labels[name] === value))) &&
    words.every((word) => row.id.toLowerCase().includes(word));
}

function splitLabel(label) {
  const at = label.indexOf(":");
  return at < 0 ? [label] : [label.slice(0, at), label.slice(at + 1)];
}
