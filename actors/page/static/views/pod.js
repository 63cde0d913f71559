// One pod: its instances and their containers, what these write, its definition and the versions of it.
import { html } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { definitionOf, pretty } from "../lib/definition.js";
import { Confirm, openDialog } from "../lib/dialog.js";
import { cpus, megabytes, moment, plural, secondsSince, span } from "../lib/format.js";
import { useNow, useObservable } from "../lib/observable.js";
import { Command, Count, HealthBar, Labels, Status, Tabs, word } from "../lib/parts.js";
import { changing, countsOf, statusOf } from "../lib/pods.js";
import { href, navigate, toAgent, toDeployment, toGroup, toPod } from "../lib/router.js";
import { deployments, pods, queue } from "../lib/store.js";
import { versionsOf } from "../lib/versions.js";
import { shortId } from "./instances.js";
import { Logs } from "./logs.js";
import { Versions } from "./versions.js";
import { Why } from "./why.js";

const TABS = { instances: Instances, logs: Output, definition: Definition, versions: PodVersions };

const commandOf = (tab, id) => {
  if (tab === "instances") return `marathon ps ${word(id)}`;
  if (tab === "logs") return `marathon logs -f ${word(id)}`;
  if (tab === "versions") return `marathon versions ${word(id)}`;
  return `marathon config ${word(id)}`;
};

export function PodPage({ id, tab = "instances", query }) {
  const all = useObservable(pods);
  const waiting = useObservable(queue);
  if (all === null) return html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  const pod = all.get(id);
  if (!pod)
    return html`<div class="empty"><h2>There is no pod <span class="mono">${id}</span></h2>
      <p>It was destroyed, or never there. <a href="#/pods">All pods</a></p></div>`;
  const item = waiting.get(id);
  const known = tab in TABS ? tab : "instances";
  const View = TABS[known];
  const tabs = [
    { key: "instances", title: "Instances", count: pod.instances.length },
    { key: "logs", title: "Logs" },
    { key: "definition", title: "Definition" },
    { key: "versions", title: "Versions" },
  ].map((each) => ({ ...each, to: toPod(id, each.key) }));
  return html`<div class="view stack page">
    <${Head} pod=${pod} item=${item} />
    ${item?.count > 0 && html`<${Why} app=${pod} item=${item} />`}
    <${Tabs} tabs=${tabs} current=${known} label="Of this pod" />
    <div class="tab"><${View} pod=${pod} query=${query} /></div>
    <${Command}>${commandOf(known, id)}<//>
  </div>`;
}

function Head({ pod, item }) {
  const running = useObservable(deployments);
  const counts = countsOf(pod);
  const parts = pod.id.split("/").filter(Boolean);
  return html`<div class="head">
    <div class="grow"><nav class="crumbs" aria-label="Group"><a href="#/pods">Pods</a>
      ${parts.slice(0, -1).map((part, i) => html`<span>/</span><a
        href=${toGroup(`/${parts.slice(0, i + 1).join("/")}`)}>${part}</a>`)}</nav>
      <h1>${parts.at(-1)}<${Labels} of=${pod.spec.labels} /></h1></div>
    <div class="buttons">
      <a class="button" href=${href(["edit-pod", pod.id])}>Edit</a>
      <button class="button danger" onClick=${() => openDialog(() => html`<${Destroy} pod=${pod} />`)}>
        Destroy</button></div>
    <dl class="facts">
      <div><dt>Status</dt><dd><${Status} of=${statusOf(pod, running, item)} />
        ${changing(running, pod.id).map((each) => html` <a href=${toDeployment(each.id)}>follow</a>`)}</dd></div>
      <div class="wider"><dt>Instances</dt><dd><${Count} app=${counts} /><${HealthBar} app=${counts} /></dd></div>
      <div><dt>Containers</dt><dd>${pod.spec.containers.map((each) => each.name).join(", ")}</dd></div>
      <div><dt>Role</dt><dd>${pod.spec.role ?? "*"}</dd></div>
    </dl>
  </div>`;
}

function Instances({ pod }) {
  if (pod.instances.length === 0) return html`<div class="empty panel">No instance is there yet.</div>`;
  return html`<div class="stack scroll">
    ${pod.instances.map((instance) => html`<${Instance} key=${instance.id} pod=${pod} instance=${instance} />`)}</div>`;
}

// "shop_web.instance-5e300614-….server.1" → "5e300614 server"
const nameOf = (taskId) => `${shortId(taskId.split(".").slice(0, 2).join("."))} ${taskId.split(".").slice(2, -1).join(".")}`;

function Output({ pod, query }) {
  const tasks = pod.instances.flatMap((each) => each.containers.map(({ containerId }) => ({ id: containerId })));
  return html`<${Logs} app=${{ id: pod.id, tasks }} query=${query} kind="pod" nameOf=${nameOf} />`;
}

function Definition({ pod }) {
  return html`<div class="scroll"><pre class="json" tabindex="0"
    aria-label="The definition as JSON">${pretty(definitionOf(pod.spec))}</pre></div>`;
}

function PodVersions({ pod, query }) {
  const rollBack = (what) => openDialog(() => html`<${RollBack} ...${what} />`);
  return html`<${Versions} app=${{ id: pod.id, version: pod.spec.version }} query=${query} kind="pod"
    rollBack=${rollBack} />`;
}

function RollBack({ app, version }) {
  const run = async () => {
    await api.put(`/v2/pods${inPath(app.id)}`, definitionOf(await versionsOf.pod.at(app.id, version)));
    navigate(toPod(app.id));
  };
  return html`<${Confirm} title=${`Roll ${app.id} back`} action="Roll back" run=${run}>
    <p>The definition of <time datetime=${version}>${moment(version)}</time> becomes the present one again, and new
    instances of it replace those that run.</p><//>`;
}

const WORDS = { PENDING: "waiting", STAGING: "deploying", STABLE: "running", DEGRADED: "unhealthy", TERMINAL: "suspended" };
const TASKS = { TASK_RUNNING: "running", TASK_FAILED: "unhealthy", TASK_LOST: "unhealthy", TASK_KILLED: "suspended" };

function Instance({ pod, instance }) {
  const now = useNow(5000);
  const kill = () => openDialog(() => html`<${Kill} pod=${pod} instance=${instance} />`);
  return html`<section class="panel pod" aria-label=${`Instance ${instance.id}`}>
    <div class="headline"><h2 class="mono" title=${instance.id}>${shortId(instance.id)}</h2>
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
