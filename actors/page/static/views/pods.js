// Pods: several containers that live and die together. The list, and one with its instances and their containers.
import { html } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { definitionOf, pretty } from "../lib/definition.js";
import { Confirm, openDialog } from "../lib/dialog.js";
import { cpus, megabytes, plural, secondsSince, span } from "../lib/format.js";
import { useNow, useObservable } from "../lib/observable.js";
import { Command, Count, HealthBar, Labels, Status, word } from "../lib/parts.js";
import { countsOf } from "../lib/pods.js";
import { navigate, toAgent, toDeployment, toGroup, toPod } from "../lib/router.js";
import { deployments, pods, queue } from "../lib/store.js";
import { Table } from "../lib/table.js";
import { Why } from "./why.js";

const COLUMNS = [
  {
    key: "id",
    title: "Name",
    class: "name",
    sort: (row) => row.id,
    cell: (row) => html`<a href=${toPod(row.id)}><span class="id">${row.id}</span></a>
      <${Labels} of=${row.spec.labels} />`,
  },
  {
    key: "containers",
    title: "Containers",
    class: "wide",
    sort: (row) => row.spec.containers.length,
    cell: (row) => row.spec.containers.map((each) => each.name).join(", "),
  },
  {
    key: "status",
    title: "Status",
    class: "state",
    sort: (row) => row.word,
    cell: (row) => html`<${Status} of=${row.word} />`,
  },
  {
    key: "tasks",
    title: "Running",
    class: "figure",
    sort: (row) => row.counts.tasksRunning,
    cell: (row) => html`<${Count} app=${row.counts} />`,
  },
  {
    key: "health",
    title: "Health",
    class: "health",
    sort: (row) => row.counts.tasksUnhealthy,
    cell: (row) => html`<${HealthBar} app=${row.counts} />`,
  },
];

// The deployments that change this pod.
const changing = (running, id) => (running ?? []).filter((each) => each.affectedPods.includes(id));

function statusOf(pod, running, waiting) {
  const counts = countsOf(pod);
  const item = waiting.get(pod.id);
  if (item?.count > 0) return item.delay.overdue ? "waiting" : "delayed";
  if (changing(running, pod.id).length) return "deploying";
  return counts.instances === 0 && !counts.tasksRunning ? "suspended" : "running";
}

export function Pods() {
  const all = useObservable(pods);
  const running = useObservable(deployments);
  const waiting = useObservable(queue);
  if (all === null) return html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  const rows = [...all.values()].map((pod) => ({
    ...pod,
    counts: countsOf(pod),
    word: statusOf(pod, running, waiting),
  }));
  return html`<div class="view stack">
    <div class="headline"><h1>Pods</h1><span class="dim" role="status">${plural(rows.length, "pod")}</span></div>
    <${Table} label="Pods" columns=${COLUMNS} rows=${rows} rowKey=${(row) => row.id}
      empty=${html`<h2>No pods yet</h2><p>A pod is several containers that live and die together on one agent.</p>`} />
    <${Command}>curl ${location.origin}/v2/pods::status<//>
  </div>`;
}

export function PodPage({ id }) {
  const all = useObservable(pods);
  const running = useObservable(deployments);
  const waiting = useObservable(queue);
  if (all === null) return html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  const pod = all.get(id);
  if (!pod)
    return html`<div class="empty"><h2>There is no pod <span class="mono">${id}</span></h2>
      <p>It was destroyed, or never there. <a href="#/pods">All pods</a></p></div>`;
  const counts = countsOf(pod);
  const parts = id.split("/").filter(Boolean);
  const item = waiting.get(id);
  return html`<div class="view stack page scroll">
    <div class="head">
      <div class="grow"><nav class="crumbs" aria-label="Group"><a href="#/pods">Pods</a>
        ${parts.slice(0, -1).map((part, i) => html`<span>/</span><a
          href=${toGroup(`/${parts.slice(0, i + 1).join("/")}`)}>${part}</a>`)}</nav>
        <h1>${parts.at(-1)}<${Labels} of=${pod.spec.labels} /></h1></div>
      <div class="buttons"><button class="button danger" onClick=${() => openDialog(() => html`<${Destroy} pod=${pod} />`)}>
        Destroy</button></div>
      <dl class="facts">
        <div><dt>Status</dt><dd><${Status} of=${statusOf(pod, running, waiting)} />
          ${changing(running, id).map((each) => html` <a href=${toDeployment(each.id)}>follow</a>`)}</dd></div>
        <div class="wider"><dt>Instances</dt><dd><${Count} app=${counts} /><${HealthBar} app=${counts} /></dd></div>
        <div><dt>Containers</dt><dd>${pod.spec.containers.map((each) => each.name).join(", ")}</dd></div>
        <div><dt>Role</dt><dd>${pod.spec.role ?? "*"}</dd></div>
      </dl>
    </div>
    ${item?.count > 0 && html`<${Why} app=${pod} item=${item} />`}
    ${pod.instances.map((instance) => html`<${Instance} key=${instance.id} pod=${pod} instance=${instance} />`)}
    ${pod.instances.length === 0 && html`<div class="empty panel">No instance is there yet.</div>`}
    <details class="panel"><summary>The definition as JSON</summary>
      <pre class="json" tabindex="0" aria-label="The definition as JSON">${pretty(definitionOf(pod.spec))}</pre></details>
    <${Command}>marathon deploy ${word(`${parts.at(-1)}.json`)}<//>
  </div>`;
}

const WORDS = { PENDING: "waiting", STAGING: "deploying", STABLE: "running", DEGRADED: "unhealthy", TERMINAL: "suspended" };
const TASKS = { TASK_RUNNING: "running", TASK_FAILED: "unhealthy", TASK_LOST: "unhealthy", TASK_KILLED: "suspended" };

function Instance({ pod, instance }) {
  const now = useNow(5000);
  const kill = () => openDialog(() => html`<${Kill} pod=${pod} instance=${instance} />`);
  return html`<section class="panel pod" aria-label=${`Instance ${instance.id}`}>
    <div class="headline"><h2 class="mono">${instance.id.split(".").at(-1)}</h2>
      <${Status} of=${WORDS[instance.status] ?? "suspended"} word=${instance.status.toLowerCase()} />
      ${instance.agentHostname && html`<span>on <a href=${toAgent(instance.agentId)}>${instance.agentHostname}</a></span>`}
      <span class="dim">${cpus(instance.resources.cpus)} CPUs, ${megabytes(instance.resources.mem)}</span>
      <span class="dim">for ${span(secondsSince(instance.statusSince, now))}</span><span class="grow"></span>
      <button class="quiet" onClick=${kill} aria-label=${`Kill instance ${instance.id}`}>Kill</button></div>
    <div class="wide-table"><table class="plain"><thead><tr><th scope="col">Container</th><th scope="col">State</th>
      <th scope="col">Health</th><th scope="col">Endpoints</th><th scope="col">Message</th></tr></thead>
      <tbody>${instance.containers.map((each) => html`<tr><td><b>${each.name}</b></td>
        <td><${Status} of=${TASKS[each.status] ?? "deploying"} word=${each.status.replace("TASK_", "").toLowerCase()} /></td>
        <td>${healthOf(each)}</td>
        <td>${each.endpoints.map((end) => html`<${Endpoint} of=${end} host=${instance.agentHostname} />`)}</td>
        <td class="dim">${each.message ?? ""}</td></tr>`)}</tbody></table></div>
  </section>`;
}

const healthOf = (container) => {
  const condition = container.conditions.find((each) => each.name === "healthy");
  if (!condition) return html`<span class="dim">not checked</span>`;
  const healthy = condition.value === "true";
  return html`<${Status} of=${healthy ? "running" : "unhealthy"} word=${healthy ? "healthy" : "unhealthy"} />`;
};

function Endpoint({ of, host }) {
  if (!of.allocatedHostPort || !host) return html`<span class="spaced">${of.name}</span>`;
  return html`<a class="spaced" href=${`http://${host}:${of.allocatedHostPort}`} target="_blank" rel="noreferrer">
    ${of.name}:${of.allocatedHostPort}</a>`;
}

function Destroy({ pod }) {
  const run = async () => {
    await api.remove(`/v2/pods${inPath(pod.id)}`);
    navigate("#/pods");
  };
  return html`<${Confirm} title=${`Destroy ${pod.id}`} action="Destroy" danger run=${run}>
    <p>All ${plural(pod.instances.length, "instance")} will be killed, and the definition removed with all its versions. This cannot be undone.</p>
    <${Command}>marathon destroy ${word(pod.id)}<//><//>`;
}

function Kill({ pod, instance }) {
  const run = () => api.remove(`/v2/pods${inPath(pod.id)}::instances/${encodeURIComponent(instance.id)}`);
  return html`<${Confirm} title="Kill this instance" action="Kill" danger run=${run}>
    <p>All ${plural(instance.containers.length, "container")} of <b class="mono">${instance.id}</b> end, and a new instance takes their place.</p><//>`;
}
