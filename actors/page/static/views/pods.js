// Pods: several containers that live and die together. The list of them.
import { html } from "../lib/html.js";
import { plural } from "../lib/format.js";
import { useObservable } from "../lib/observable.js";
import { Command, Count, HealthBar, Labels, Status } from "../lib/parts.js";
import { countsOf, statusOf } from "../lib/pods.js";
import { toPod } from "../lib/router.js";
import { deployments, pods, queue } from "../lib/store.js";
import { Table } from "../lib/table.js";

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

export function Pods() {
  const all = useObservable(pods);
  const running = useObservable(deployments);
  const waiting = useObservable(queue);
  if (all === null) return html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  const rows = [...all.values()].map((pod) => ({
    ...pod,
    counts: countsOf(pod),
    word: statusOf(pod, running, waiting.get(pod.id)),
  }));
  return html`<div class="view stack">
    <div class="headline"><h1>Pods</h1><span class="dim" role="status">${plural(rows.length, "pod")}</span>
      <span class="grow"></span><a class="button" href="#/create-pod">Create a pod</a></div>
    <${Table} label="Pods" columns=${COLUMNS} rows=${rows} rowKey=${(row) => row.id}
      empty=${html`<h2>No pods yet</h2><p>A pod is several containers that live and die together on one agent.</p>`} />
    <${Command}>marathon apps<//>
  </div>`;
}

