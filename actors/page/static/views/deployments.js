// The running deployments, and one as its graph: what works, what waits, and who has just told whom.
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { Confirm, openDialog } from "../lib/dialog.js";
import { clock, plural } from "../lib/format.js";
import { DeploymentGraph } from "../lib/graph.js";
import { useObservable } from "../lib/observable.js";
import { Command, Status } from "../lib/parts.js";
import { ACTIONS, Subject, subject } from "../lib/plan.js";
import { countsOf } from "../lib/pods.js";
import { href, navigate, toApp, toDeployment, toPod } from "../lib/router.js";
import { apps, connection, deployments, ended, events, pods } from "../lib/store.js";

const named = (ids) => (ids.length === 1 ? ids[0] : `${ids[0]} and ${ids.length - 1} more`);

export function Deployments() {
  const running = useObservable(deployments);
  if (running === null) return html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  return html`<div class="view scroll stack">
    <div class="headline"><h1>Deployments</h1>
      <span class="dim" role="status">${plural(running.length, "runs", "run")}</span></div>
    ${
      running.length === 0 &&
      html`<div class="empty panel"><h2>Nothing is being deployed</h2>
      <p>A deployment shows here from the change until every app of it is ready.</p></div>`}
    ${running.map((each) => html`<article class="panel deployment" key=${each.id}>
      <div class="headline"><h2>
        <a href=${toDeployment(each.id)}>
          ${named([...each.affectedApps, ...each.affectedPods])}</a>
        </h2>
        <span class="dim">step ${each.currentStep} of ${each.totalSteps}</span><span class="grow"></span>
          <code class="dim">${each.id}</code></div>
      <div class="bar">
        <i class="healthy" style=${{ width: `${(100 * Math.max(0, each.currentStep - 1)) / Math.max(1, each.totalSteps)}%` }}>
        </i></div>
      <ul class="acting">${each.currentActions.slice(0, 8).map((action) => html`<li>${ACTIONS[action.action] ?? action.action} <${Subject} action=${action} />
        </li>`)}</ul>
    </article>`)}
    <${Command}>marathon deployments<//>
  </div>`;
}

// The graph as it is told: fetched at first and after a break, then carried on by each event.
function useGraph(id) {
  const [state, setState] = useState({ deployment: null, outcome: null, error: null, log: [] });
  useEffect(() => {
    let current = true;
    const set = (change) => current && setState(change);
    const fetch = async () => {
      try {
        const deployment = await api.get(`/v2/deployments/${encodeURIComponent(id)}`);
        // What events told while the answer was under way must not be taken back by it.
        set((old) => ({
          ...old,
          error: null,
          deployment: { ...deployment, graph: merged(deployment.graph, old.deployment?.graph) },
        }));
      } catch (error) {
        set((old) => (old.outcome ? old : { ...old, error }));
      }
    };
    const take = (type, data) => {
      if ((data.id ?? data.plan?.id) !== id) return;
      if (type === "deployment_node_changed") {
        set((old) => ({
          ...old,
          log: [...old.log, data],
          deployment: old.deployment && {
            ...old.deployment,
            graph: old.deployment.graph.map((node) => (node.id === data.node ? { ...node, state: data.state } : node)),
          },
        }));
      } else if (type === "deployment_success") {
        set((old) => ({
          ...old,
          error: null,
          outcome: { done: true },
          deployment: old.deployment && {
            ...old.deployment,
            graph: old.deployment.graph.map((node) => ({ ...node, state: "ready" })),
          },
        }));
      } else if (type === "deployment_failed") {
        set((old) => ({ ...old, error: null, outcome: { done: false, reason: data.reason } }));
      } else fetch();
    };
    fetch();
    const leave = [events.follow(take), connection.follow((now) => now === "live" && fetch())];
    return () => {
      current = false;
      for (const each of leave) each();
    };
  }, [id]);
  return state;
}

const ORDER = { waiting: 0, begun: 1, ready: 2 };

function merged(fetched, known) {
  const before = new Map((known ?? []).map((node) => [node.id, node.state]));
  return fetched.map((node) =>
    ORDER[before.get(node.id)] > ORDER[node.state] ? { ...node, state: before.get(node.id) } : node,
  );
}

export function DeploymentPage({ id }) {
  const followed = useGraph(id);
  const over = useObservable(ended).get(id);
  const deployment = followed.deployment ?? (over && fromEnd(over));
  const outcome = followed.outcome ?? over;
  const { error, log } = followed;
  const known = [useObservable(apps), useObservable(pods)];
  const all = useMemo(
    () => new Map([...(known[0] ?? []), ...[...(known[1] ?? [])].map(([key, pod]) => [key, countsOf(pod)])]),
    known,
  );
  if (!deployment) {
    return error
      ? html`<div class="empty"><h2>This deployment does not run any more</h2>
        <p>It is done, or was cancelled. <a href="#/deployments">Running deployments</a> · <a href="#/apps">Apps</a>
        </p></div>`
      : html`<div class="empty" aria-busy="true">Asking the service …</div>`;
  }
  const changed = deployment.graph.filter((node) => node.kind === "app");
  const ready = changed.filter((node) => node.state === "ready").length;
  return html`<div class="view stack page">
    <div class="head"><div class="grow"><nav class="crumbs" aria-label="Where"><a href="#/deployments">Deployments</a>
      </nav>
        <h1>${outcome ? (outcome.done ? "Deployed" : "Ended") : "Deploying"} ${changed.length === 1 ? changed[0].id : plural(changed.length, "app")}</h1>
          </div>
      ${
        !outcome &&
        html`<div class="buttons">
        <button class="button" onClick=${() => openDialog(() => html`<${Revert} id=${id} />`)}>Revert</button>
        <button class="button danger" onClick=${() => openDialog(() => html`<${Cancel} id=${id} />`)}>Cancel</button>
        </div>`}
      <dl class="facts"><div><dt>Status</dt><dd><span role="status">
        <${Status} of=${outcome ? (outcome.done ? "running" : "unhealthy") : "deploying"}
          word=${outcome ? (outcome.done ? "done" : "failed") : "at work"} />
        </span></dd></div>
        <div><dt>Ready</dt><dd>${ready} of ${changed.length}</dd></div><div><dt>Id</dt><dd><code>${id}</code></dd>
          </div></dl></div>
    ${outcome && !outcome.done && html`<div class="problem" role="alert">${outcome.reason}</div>`}
    <div class="split deployment-split">
      <${Scrolled}>
        <${DeploymentGraph} nodes=${deployment.graph} apps=${all} label="Who waits for whom"
          toNode=${(node) => (known[1]?.has(node.split("#")[0]) ? toPod : toApp)(node.split("#")[0])} />
        <//>
      <aside class="steps" aria-label="Steps"><h2>Steps</h2>
        <ol>${deployment.steps.map((step, i) => html`<li class=${stepState(step, deployment.graph, i, deployment, outcome)}>
          <${Step} actions=${step.actions} /></li>`)}</ol>
        <h2>Who told whom</h2>
        <ol class="told" aria-live="polite">${log
          .filter((each) => each.state === "ready")
          .slice(-12)
          .map((each) => html`<li>
          <time>${clock(each.timestamp)}</time> <b>
            ${each.node}</b> ${each.notifies.length ? html`→ ${each.notifies.join(", ")}` : html`<span
            class="dim">is ready</span>`}</li>`)}${log.length === 0 && html`<li class="dim">Nobody since this page was opened.</li>`}</ol>
        <p><a href=${href(["actors"], { q: id.slice(0, 8) })}>Actors at work</a></p>
      </aside>
    </div>
    <${Command}>marathon deployments watch ${id}<//>
  </div>`;
}

// A deployment that was over before it could be asked for. Of one that failed its apps are known, not who waited for whom.
function fromEnd({ steps, graph }) {
  return { steps, graph: graph ?? fromSteps(steps), currentStep: steps.length };
}

function fromSteps(steps) {
  const actions = new Map(steps.flatMap((step) => step.actions).map((action) => [subject(action), action]));
  return [...actions].map(([id, { action }]) => ({ id, kind: "app", action, waitsFor: [], state: "ready" }));
}

// Creating only announces the apps: many of them need no line each.
function Step({ actions }) {
  if (actions.length > 2 && actions.every((action) => action.action === "StartApplication"))
    return html`create ${plural(actions.length, "app")}`;
  return actions.map((action) => html`<div>${ACTIONS[action.action] ?? action.action} <${Subject} action=${action} />
    </div>`,
  );
}

function stepState(step, graph, i, deployment, outcome) {
  if (outcome?.done) return "ready";
  const states = new Map(graph.map((node) => [node.id, node.state]));
  if (step.actions.every((action) => action.action === "StartApplication"))
    return deployment.currentStep > i + 1 || deployment.graph.some((node) => node.state !== "waiting")
      ? "ready"
      : "waiting";
  if (step.actions.every((action) => states.get(subject(action)) === "ready")) return "ready";
  return step.actions.some((action) => states.get(subject(action)) !== "waiting") ? "begun" : "waiting";
}

// A graph that is wider than its place is dragged, or scrolled.
function Scrolled({ children }) {
  const box = useRef();
  const from = useRef(null);
  const down = (event) => {
    if (event.pointerType === "mouse" && !event.target.closest("a"))
      from.current = { x: event.clientX + box.current.scrollLeft, y: event.clientY + box.current.scrollTop };
  };
  const move = (event) => {
    if (!from.current) return;
    box.current.scrollLeft = from.current.x - event.clientX;
    box.current.scrollTop = from.current.y - event.clientY;
  };
  const up = () => (from.current = null);
  return html`<div class="graph-box" ref=${box} tabindex="0" role="region" aria-label="The deployment's graph"
    onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerLeave=${up}>${children}</div>`;
}

function Revert({ id }) {
  const run = async () => navigate(toDeployment((await api.remove(`/v2/deployments${inPath(`/${id}`)}`)).deploymentId));
  return html`<${Confirm} title="Revert this deployment" action="Revert" run=${run}>
    <p>A new deployment brings every app of this one back to what it was before. What both would change is left as the later one wants it.</p>
    <${Command}>marathon deployments revert ${id}<//><//>`;
}

function Cancel({ id }) {
  return html`<${Confirm} title="Cancel this deployment" action="Cancel the deployment" danger run=${async () => {
    await api.remove(`/v2/deployments${inPath(`/${id}`)}?force=true`);
    navigate("#/deployments");
  }}>
    <p>It stops where it is: apps that were changed stay changed, the others stay as they are. Reverting instead brings all of them back.</p>
    <${Command}>marathon deployments cancel ${id}<//><//>`;
}
