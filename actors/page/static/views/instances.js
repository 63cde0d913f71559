// The instances of an app: where they run, how they are, what they said; and killing some of them.
import { html, useMemo, useState } from "../lib/html.js";
import * as actions from "../lib/actions.js";
import { ago, exactClock, moment } from "../lib/format.js";
import { useNow } from "../lib/observable.js";
import { Status } from "../lib/parts.js";
import { href, toAgent } from "../lib/router.js";
import { pastOf } from "../lib/store.js";
import { Table } from "../lib/table.js";

export function Instances({ app, query }) {
  const [chosen, setChosen] = useState(new Set());
  const rows = useMemo(() => app.tasks.map((task) => ({ ...task, health: healthOf(task, app) })), [app]);
  const ids = rows.filter((row) => chosen.has(row.id)).map((row) => row.id);
  const choose = (ids, on) => {
    const next = new Set(chosen);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    setChosen(next);
  };
  const opened = rows.find((row) => row.id === query.i);
  const now = useNow(5000); // one timer for all rows
  const columns = useMemo(() => columnsOf(app, chosen, choose, rows, now), [app, chosen, rows, now]);
  return html`<div class="stack full">
    ${
      ids.length > 0 &&
      html`<div class="buttons chosen"><span class="dim">${ids.length} chosen</span>
      <button class="button danger" onClick=${() => actions.kill({ app, ids, scale: false })}>Kill</button>
      <button class="button danger"
        onClick=${() => actions.kill({ app, ids, scale: true })}>Kill and scale down</button>
        </div>`}
    ${opened && html`<${Opened} task=${opened} app=${app} />`}
    <${Table} label="Instances" columns=${columns} rows=${rows} rowKey=${(row) => row.id}
      rowClass=${(row) => (row.id === query.i ? "on" : "")}
      empty=${app.instances === 0 ? "Suspended: no instance is wanted." : "No instance is there yet."} />
  </div>`;
}

const columnsOf = (app, chosen, choose, rows, now) => [
  {
    key: "choose",
    class: "tick",
    title: html`<input type="checkbox" aria-label="Choose all"
      checked=${rows.length > 0 && rows.every((row) => chosen.has(row.id))}
      onChange=${(event) => choose(
        rows.map((row) => row.id),
        event.target.checked,
      )} />`,
    cell: (row) =>
      html`<input type="checkbox" aria-label=${`Choose ${row.id}`} checked=${chosen.has(row.id)}
        onChange=${(event) => choose([row.id], event.target.checked)} />`,
  },
  {
    key: "id",
    title: "Instance",
    class: "name",
    sort: (row) => row.id,
    cell: (row) =>
      html`<a class="mono" title=${row.id} href=${href(["app", app.id, "instances"], { i: row.id })}>
        ${shortId(row.id)}</a>`,
  },
  {
    key: "state",
    title: "State",
    class: "state",
    sort: (row) => row.state,
    cell: (row) => html`<${State} task=${row} />`,
  },
  {
    key: "health",
    title: "Health",
    class: "state",
    sort: (row) => row.health,
    cell: (row) =>
      row.health === "–" ? html`<span class="dim">not checked</span>` : html`<${Status} of=${row.health} />`,
  },
  {
    key: "host",
    title: "Host",
    class: "host wide",
    sort: (row) => row.host,
    cell: (row) => html`<${Ports} task=${row} />`,
  },
  {
    key: "started",
    title: "Started",
    class: "when wide",
    sort: (row) => row.startedAt ?? row.stagedAt ?? "",
    cell: (row) => html`<${Since} at=${row.startedAt ?? row.stagedAt} now=${now} />`,
  },
  {
    key: "version",
    title: "Version",
    class: "when wide",
    sort: (row) => row.version,
    cell: (row) =>
      html`<a class=${row.version < (app.versionInfo?.lastConfigChangeAt ?? "") ? "old" : ""}
        href=${href(["app", app.id, "versions"], { b: row.version })}>
        ${row.version < (app.versionInfo?.lastConfigChangeAt ?? "") ? "older" : "present"}</a>`,
  },
  {
    key: "logs",
    title: "Output",
    class: "output wide",
    cell: (row) =>
      html`<a href=${toLog(app.id, row.id, "stdout")}>stdout</a> <a href=${toLog(app.id, row.id, "stderr")}>stderr</a>`,
  },
];

export const toLog = (app, task, file) => href(["app", app, "logs"], { task, file });

// "shop_web.instance-5e300614-…._app.1" → "5e300614": what tells it from its siblings, with the incarnation if not 1
export function shortId(id) {
  const found = /instance-([0-9a-f]{8})[^.]*(?:\..*?\.(\d+))?$/.exec(id);
  if (!found) return id;
  return found[1] + (found[2] && found[2] !== "1" ? `.${found[2]}` : "");
}

function State({ task }) {
  const word = task.state.replace("TASK_", "").toLowerCase();
  const kind =
    { running: "running", staging: "deploying", starting: "deploying", killing: "waiting", unreachable: "unhealthy" }[
      word
    ] ?? "unknown";
  return html`<span class=${`status ${kind}`}><i aria-hidden="true"></i>${word}</span>`;
}

function Ports({ task }) {
  if (!task.host) return html`<span class="dim">no place yet</span>`;
  return html`<a href=${toAgent(task.slaveId ?? "")}>${task.host}</a>${(task.ports ?? []).map((port) => html`<a
    class="port mono" href=${`http://${task.host}:${port}`} target="_blank" rel="noopener noreferrer">:${port}</a>`)}`;
}

function Since({ at, now }) {
  return html`<time datetime=${at} title=${moment(at)}>${ago(at, now)}</time>`;
}

export function healthOf(task, app) {
  const results = task.healthCheckResults ?? [];
  if (!app.healthChecks?.length || !results.length) return "–";
  return results.every((result) => result.alive) ? "healthy" : "unhealthy";
}

// All of one instance: its timeline, and each of its checks.
function Opened({ task, app }) {
  const past = pastOf(app.id).filter(
    ({ data }) => data.taskId === task.id || (data.instanceId && task.id.startsWith(data.instanceId)),
  );
  const steps = [
    [task.stagedAt, "staged", "Mesos was told to launch it"],
    [task.startedAt, "started", "Mesos says that it runs"],
    ...past
      .filter(({ type }) => type === "status_update_event")
      .map(({ data, at }) => [at, data.taskStatus.replace("TASK_", "").toLowerCase(), data.message]),
    ...past
      .filter(({ type }) => type === "health_status_changed_event")
      .map(({ data, at }) => [at, data.alive ? "healthy" : "unhealthy", ""]),
    ...(task.healthCheckResults ?? []).flatMap((result) => [
      [result.firstSuccess, "first healthy", "its check succeeded"],
      [result.lastFailure, "last check failed", result.lastFailureCause],
    ]),
  ]
    .filter(([at]) => at)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return html`<section class="opened" aria-label=${`Instance ${task.id}`}>
    <div class="headline"><h2 class="mono">${task.id}</h2><span class="grow"></span>
      <a href=${href(["app", app.id, "instances"])} aria-label="Close">close</a></div>
    <ol class="timeline">${steps.map(
      ([at, what, why]) => html`<li>
      <time datetime=${at} title=${moment(at)}>${exactClock(at)}</time><b>${what}</b><span class="dim">${why}</span>
      </li>`)}</ol>
    <dl class="facts">
      <div><dt>Host</dt><dd><${Ports} task=${task} /></dd></div>
      <div><dt>Agent</dt>
        <dd>${task.slaveId ? html`<a class="mono" href=${toAgent(task.slaveId)}>${task.slaveId}</a>` : "–"}</dd></div>
      <div><dt>Addresses</dt>
        <dd class="mono">${(task.ipAddresses ?? []).map((address) => address.ipAddress).join(", ") || "–"}</dd></div>
      <div><dt>Sandbox</dt><dd>
        <a href=${toLog(app.id, task.id, "stdout")}>stdout</a> <a href=${toLog(app.id, task.id, "stderr")}>stderr</a>
        </dd></div>
      ${(task.healthCheckResults ?? []).map((result, i) => html`<div><dt>Check ${i + 1}</dt>
        <dd>${result.alive ? "alive" : `failed ${result.consecutiveFailures} times in a row`}${result.lastFailureCause && html` <span
          class="dim">${result.lastFailureCause}</span>`}</dd>
        </div>`)}
    </dl>
  </section>`;
}
