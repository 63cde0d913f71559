// The cluster: agents with what is used, offered, reserved and free; roles; frameworks; tasks; who leads.
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { PAGE, cluster, fetchTasks, watchCluster } from "../lib/cluster.js";
import { cpus, megabytes, number, plural, span, trimmed } from "../lib/format.js";
import { useObservable } from "../lib/observable.js";
import { Command, Problem, Status, Tabs } from "../lib/parts.js";
import { href, toAgent } from "../lib/router.js";
import { info } from "../lib/store.js";
import { Table } from "../lib/table.js";

const TABS = ["agents", "roles", "frameworks", "tasks"];

export function Cluster({ tab = "agents", id }) {
  useEffect(watchCluster, []);
  const state = useObservable(cluster);
  const service = useObservable(info);
  if (!state?.summary)
    return html`<div class="empty" aria-busy="true">${state?.error?.message ?? "Asking Mesos …"}</div>`;
  const { summary, slaves, roles, error } = state;
  const leader = service?.marathon_config?.mesos_leader_ui_url ?? location.origin;
  const tabs = TABS.map((key) => ({
    key,
    title: key[0].toUpperCase() + key.slice(1),
    to: href(["cluster", key]),
    count: { agents: slaves.length, roles: roles.length, frameworks: summary.frameworks.length }[key],
  }));
  return html`<div class="view stack page">
    <div class="head"><div class="grow"><h1>Cluster</h1></div>
      <dl class="facts"><div><dt>Leading master</dt><dd class="mono">${leader}</dd></div>
        ${
          service &&
          html`<div><dt>Service</dt><dd class="mono">${service.leader}</dd></div><div><dt>Framework</dt>
          <dd class="mono">${service.frameworkId ?? "not registered"}</dd></div>`}
        <div><dt>Agents</dt><dd>${number(slaves.filter((each) => each.active).length)} active</dd></div>
        <div><dt>Running tasks</dt>
          <dd>${number(slaves.length ? summary.slaves.reduce((sum, each) => sum + each.TASK_RUNNING, 0) : 0)}</dd>
          </div></dl>
    </div>
    <${Problem} error=${error} />
    <${Totals} slaves=${slaves} />
    <${Tabs} tabs=${tabs} current=${TABS.includes(tab) ? tab : "agents"} label="Of the cluster" />
    <div class="tab">${tab === "roles" ? html`<${Roles} roles=${roles} />` : tab === "frameworks" ? html`<${Frameworks}
      summary=${summary} roles=${roles} />` : tab === "tasks" ? html`<${Tasks} summary=${summary} />` : id ? html`<${AgentPage}
      id=${id} slaves=${slaves} summary=${summary} />` : html`<${Agents} slaves=${slaves} summary=${summary} />`}</div>
    <${Command}>${commandOf(tab, leader)}<//>
  </div>`;
}

const sum = (all, of) => all.reduce((total, each) => total + (of(each) ?? 0), 0);
const reservedOf = (agent, name) => sum(Object.values(agent.reserved_resources ?? {}), (part) => part[name]);

// Used, offered, reserved and free of one resource, as one bar.
function Parts({ total, used, offered, reserved, show, title }) {
  const held = Math.max(0, reserved - used);
  const share = (value) => ({ width: `${total ? Math.min(100, (100 * value) / total) : 0}%` });
  const words = `${title}: ${show(used)} used, ${show(offered)} offered, ${show(reserved)} reserved, of ${show(total)}`;
  return html`<span class="parts" title=${words}><span class="bar" role="img" aria-label=${words}>
    <i class="used" style=${share(used)}></i><i class="offered" style=${share(offered)}>
    </i>${reserved > 0 && html`<i class="reserved" style=${share(held)}></i>`}</span>
    <span class="of"><b>${show(used)}</b> of ${show(total)}</span></span>`;
}

const RESOURCES = [
  ["cpus", "CPUs", cpus],
  ["mem", "Memory", megabytes],
  ["disk", "Disk", megabytes],
];

const partsOf = (agent, name) => ({
  total: agent.resources[name] ?? 0,
  used: agent.used_resources[name] ?? 0,
  offered: agent.offered_resources[name] ?? 0,
  reserved: reservedOf(agent, name),
});

function Totals({ slaves }) {
  return html`<div class="totals">${RESOURCES.map(([name, title, show]) => {
    const parts = slaves.map((agent) => partsOf(agent, name));
    const all = Object.fromEntries(
      ["total", "used", "offered", "reserved"].map((key) => [key, sum(parts, (part) => part[key])]),
    );
    return html`<div class="panel"><h2>${title}</h2><${Parts} ...${all} show=${show} title=${title} />
      <div class="legend"><span class="used">${show(all.used)} used</span>
        <span class="offered">${show(all.offered)} offered</span>
        <span class="reserved">${show(all.reserved)} reserved</span>
        <span class="free">${show(Math.max(0, all.total - all.used - all.offered))} free</span></div></div>`;
  })}</div>`;
}

const agentState = (agent) => (agent.deactivated ? "suspended" : agent.active ? "running" : "unhealthy");
const AGENT_WORDS = { running: "active", suspended: "deactivated", unhealthy: "not reached" };

function Agents({ slaves, summary }) {
  const counts = useMemo(() => new Map(summary.slaves.map((each) => [each.id, each.TASK_RUNNING])), [summary]);
  const columns = [
    {
      key: "host",
      title: "Agent",
      class: "name",
      sort: (row) => row.hostname + row.id,
      cell: (row) => html`<a href=${toAgent(row.id)} title=${row.id}>${row.hostname}<span
        class="dim"> ${row.id.slice(row.id.lastIndexOf("-") + 1)}</span>
      </a>`,
    },
    {
      key: "state",
      title: "State",
      class: "state",
      sort: agentState,
      cell: (row) => html`<${Status} of=${agentState(row)} word=${AGENT_WORDS[agentState(row)]} />`,
    },
    {
      key: "tasks",
      title: "Tasks",
      class: "figure",
      sort: (row) => counts.get(row.id) ?? 0,
      cell: (row) => number(counts.get(row.id)),
    },
    ...RESOURCES.map(([name, title, show]) => ({
      key: name,
      title,
      class: `parts-cell ${name === "disk" ? "wide" : ""}`,
      sort: (row) => (row.used_resources[name] ?? 0) / (row.resources[name] || 1),
      cell: (row) => html`<${Parts} ...${partsOf(row, name)} show=${show} title=${title} />`,
    })),
  ];
  return html`<${Table} label="Agents" columns=${columns} rows=${slaves} rowKey=${(row) => row.id}
    empty="No agent is registered." />`;
}

function AgentPage({ id, slaves, summary }) {
  const agent = slaves.find((each) => each.id === id);
  if (!agent)
    return html`<div class="empty"><h2>No agent <span class="mono">${id}</span></h2>
    <p>It is gone, or another master leads. <a href="#/cluster/agents">All agents</a></p></div>`;
  const roles = Object.entries(agent.reserved_resources ?? {});
  return html`<div class="stack full"><section class="opened">
    <div class="headline"><h2>${agent.hostname} <span class="mono dim">${agent.id}</span></h2><span class="grow">
      </span><a href="#/cluster/agents">all agents</a></div>
    <dl class="facts"><div><dt>State</dt><dd>
      <${Status} of=${agentState(agent)} word=${AGENT_WORDS[agentState(agent)]} /></dd></div>
      ${RESOURCES.map(
        ([name, title, show]) => html`<div class="wider"><dt>${title}</dt><dd>
        <${Parts} ...${partsOf(agent, name)} show=${show} title=${title} /></dd></div>`)}
      <div><dt>Ports</dt><dd class="mono">${agent.resources.ports ?? "none"}</dd></div><div><dt>Mesos</dt>
        <dd>${agent.version}</dd></div>
      <div><dt>Registered</dt><dd>${span(Date.now() / 1000 - agent.registered_time)} ago</dd></div>
      ${Object.entries(agent.attributes ?? {}).map(
        ([name, value]) => html`<div><dt>${name}</dt>
        <dd>${String(value)}</dd></div>`)}
      ${roles.map(
        ([role, part]) => html`<div><dt>Reserved for ${role}</dt>
        <dd>${cpus(part.cpus)} CPUs, ${megabytes(part.mem)}</dd></div>`)}</dl></section>
    <${Tasks} summary=${summary} agent=${id} /></div>`;
}

function Roles({ roles }) {
  const show = (part) =>
    part && (part.cpus || part.mem)
      ? `${cpus(part.cpus)} CPUs, ${megabytes(part.mem)}`
      : html`<span class="dim">–</span>`;
  const columns = [
    { key: "name", title: "Role", class: "name", sort: (row) => row.name, cell: (row) => html`<b>${row.name}</b>` },
    {
      key: "weight",
      title: "Weight",
      class: "figure",
      sort: (row) => row.weight,
      cell: (row) => trimmed(row.weight, 2),
    },
    { key: "allocated", title: "Used", class: "amount", cell: (row) => show(row.allocated) },
    { key: "offered", title: "Offered", class: "amount", cell: (row) => show(row.offered) },
    { key: "reserved", title: "Reserved", class: "amount wide", cell: (row) => show(row.reserved) },
    { key: "limit", title: "Limit", class: "amount wide", cell: (row) => show(row.quota?.limit) },
    {
      key: "frameworks",
      title: "Frameworks",
      class: "figure amount",
      sort: (row) => row.frameworks.length,
      cell: (row) => row.frameworks.length,
    },
  ];
  return html`<${Table} label="Roles" columns=${columns} rows=${roles} rowKey=${(row) => row.name}
    empty="No role is known." />`;
}

function Frameworks({ summary, roles }) {
  const rolesOf = (id) => roles.filter((each) => each.frameworks.includes(id)).map((each) => each.name);
  const columns = [
    {
      key: "name",
      title: "Framework",
      class: "name",
      sort: (row) => row.name,
      cell: (row) => html`<b title=${row.id}>${row.name}</b>`,
    },
    {
      key: "state",
      title: "State",
      class: "state",
      sort: (row) => String(row.connected),
      cell: (row) =>
        html`<${Status} of=${row.connected ? "running" : "waiting"} word=${row.connected ? "connected" : "away"} />`,
    },
    {
      key: "tasks",
      title: "Tasks",
      class: "figure",
      sort: (row) => row.TASK_RUNNING,
      cell: (row) => number(row.TASK_RUNNING),
    },
    {
      key: "used",
      title: "Used",
      class: "amount",
      cell: (row) => `${cpus(row.used_resources.cpus)} CPUs, ${megabytes(row.used_resources.mem)}`,
    },
    {
      key: "offered",
      title: "Offered",
      class: "amount wide",
      cell: (row) => `${cpus(row.offered_resources.cpus)} CPUs, ${megabytes(row.offered_resources.mem)}`,
    },
    { key: "roles", title: "Roles", class: "amount wide", cell: (row) => rolesOf(row.id).join(", ") },
  ];
  return html`<${Table} label="Frameworks" columns=${columns} rows=${summary.frameworks} rowKey=${(row) => row.id}
    empty="No framework is registered." />`;
}

const TASK_STATE = {
  TASK_RUNNING: "running",
  TASK_STAGING: "deploying",
  TASK_STARTING: "deploying",
  TASK_KILLING: "waiting",
  TASK_FAILED: "unhealthy",
  TASK_LOST: "unhealthy",
  TASK_ERROR: "unhealthy",
  TASK_UNREACHABLE: "unhealthy",
};

// Newest first; older ones are fetched page by page, for a cluster remembers very many.
function Tasks({ summary, agent }) {
  const [state, setState] = useState({ tasks: [], more: true, error: null });
  const load = async (offset) => {
    try {
      const { tasks } = await fetchTasks({ offset });
      setState((old) => ({
        tasks: offset ? [...old.tasks, ...tasks] : tasks,
        more: tasks.length === PAGE,
        error: null,
      }));
    } catch (error) {
      setState((old) => ({ ...old, error }));
    }
  };
  const running = sum(
    summary.slaves,
    (each) => each.TASK_RUNNING + each.TASK_STAGING + each.TASK_STARTING + each.TASK_KILLING + each.TASK_FAILED,
  );
  useEffect(() => {
    load(0);
  }, [running]);
  const names = new Map(summary.frameworks.map((each) => [each.id, each.name]));
  const hosts = new Map(summary.slaves.map((each) => [each.id, each.hostname]));
  const rows = agent ? state.tasks.filter((task) => task.slave_id === agent) : state.tasks;
  const columns = [
    {
      key: "id",
      title: "Task",
      class: "name",
      sort: (row) => row.id,
      cell: (row) => html`<span class="mono" title=${row.id}>${row.id}</span>`,
    },
    {
      key: "state",
      title: "State",
      class: "state",
      sort: (row) => row.state,
      cell: (row) =>
        html`<${Status} of=${TASK_STATE[row.state] ?? "suspended"}
          word=${row.state.replace("TASK_", "").toLowerCase()} />`,
    },
    {
      key: "framework",
      title: "Framework",
      class: "when wide",
      sort: (row) => names.get(row.framework_id) ?? "",
      cell: (row) => names.get(row.framework_id) ?? row.framework_id,
    },
    {
      key: "agent",
      title: "Agent",
      class: "when",
      sort: (row) => row.slave_id,
      cell: (row) => html`<a href=${toAgent(row.slave_id)}>${hosts.get(row.slave_id) ?? row.slave_id}<span
        class="dim"> ${row.slave_id.slice(row.slave_id.lastIndexOf("-") + 1)}</span>
      </a>`,
    },
    {
      key: "resources",
      title: "Resources",
      class: "amount wide",
      cell: (row) => `${cpus(row.resources.cpus)} CPUs, ${megabytes(row.resources.mem)}`,
    },
  ];
  return html`<${Problem} error=${state.error} />
    <${Table} label="Tasks" columns=${columns} rows=${rows} rowKey=${(row) => row.framework_id + row.id}
      empty="No task is known." />
    ${
      state.more &&
      html`<div class="buttons left">
      <button class="button" onClick=${() => load(state.tasks.length)}>Older tasks</button>
      <span class="dim">${plural(state.tasks.length, "task")} so far</span></div>`
    }`;
}

const commandOf = (tab, leader) =>
  tab === "frameworks" || tab === "roles"
    ? `curl ${leader}/${tab}`
    : `mesos-local ${tab === "tasks" ? "tasks" : "agents"} --master ${leader}`;
