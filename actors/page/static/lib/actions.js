// What can be done to an app, each with a dialog that says what it will do.
import { html, useEffect, useState } from "./html.js";
import { api, inPath } from "./api.js";
import { Confirm, openDialog } from "./dialog.js";
import { Command, word } from "./parts.js";
import { plural } from "./format.js";
import { Plan } from "./plan.js";
import { navigate, toDeployment } from "./router.js";
import { refreshApp } from "./store.js";

const path = (id) => `/v2/apps${inPath(id)}`;

function usePlan(ask, keys) {
  const [state, setState] = useState({ plan: null, error: null });
  useEffect(() => {
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const plan = await ask();
        if (current) setState({ plan, error: null });
      } catch (error) {
        if (current) setState({ plan: null, error });
      }
    }, 150);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, keys);
  return state;
}

// A change and its plan; where the app is locked by a deployment, the way to override it.
function Change({ title, action, danger, ready = true, plan, send, command, children }) {
  const { plan: planned, error } = plan;
  const [force, setForce] = useState(false);
  const [locked, setLocked] = useState(false);
  const run = async () => {
    try {
      const answer = await send(force);
      if (answer?.deploymentId) navigate(toDeployment(answer.deploymentId));
    } catch (problem) {
      setLocked(Boolean(problem.body?.deployments));
      throw problem;
    }
  };
  return html`<${Confirm} title=${title} action=${action} danger=${danger} ready=${ready && !error} run=${run}>
    ${children}
    ${error ? html`<div class="problem" role="alert">${error.message}</div>` : html`<${Plan} plan=${planned} />`}
    ${
      locked &&
      html`<label class="check">
      <input type="checkbox" checked=${force}
        onChange=${(event) => setForce(event.target.checked)} /> Cancel the running deployment of this app</label>`}
    <${Command}>${command}<//>
  <//>`;
}

const put = (id, body, query) => api.put(`${path(id)}?${new URLSearchParams(query)}`, body);

function Scale({ app }) {
  const [count, setCount] = useState(String(app.instances || 1)); // a suspended app is scaled to go on
  const wanted = Number(count);
  const legal = /^\d+$/.test(count);
  const plan = usePlan(
    () => (legal ? put(app.id, { instances: wanted }, { dryRun: true }) : { steps: [], graph: [] }),
    [count],
  );
  const difference = wanted - app.instances;
  return html`<${Change} title=${`Scale ${app.id}`} action="Scale" ready=${legal && difference !== 0} plan=${plan}
    send=${(force) => put(app.id, { instances: wanted }, { force })} command=${`marathon scale ${word(app.id)} ${legal ? wanted : "N"}`}>
    <label class="field"><span>Instances</span>
      <input type="number" min="0" step="1" value=${count} autofocus
        onInput=${(event) => setCount(event.target.value)} />
      </label>
    <p role="status">${!legal ? "A whole number, please." : difference > 0 ? `${plural(difference, "instance")} will be started.` : difference < 0 ? `${plural(-difference, "instance")} will be killed.` : `It has ${plural(app.instances, "instance")} now.`}</p>
  <//>`;
}

function Restart({ app }) {
  const plan = usePlan(() => api.post(`${path(app.id)}/restart?dryRun=true`), []);
  const { minimumHealthCapacity: minimum = 1, maximumOverCapacity: over = 1 } = app.upgradeStrategy ?? {};
  return html`<${Change} title=${`Restart ${app.id}`} action="Restart" plan=${plan}
    send=${(force) => api.post(`${path(app.id)}/restart?force=${force}`)} command=${`marathon restart ${word(app.id)}`}>
    <p>All ${plural(app.instances, "instance")} will be replaced by new ones of the same definition. While that goes on, at least
      ${" "}${Math.ceil(app.instances * minimum)} stay healthy and at most ${app.instances + Math.floor(app.instances * over)} run.</p>
  <//>`;
}

function Suspend({ app }) {
  const plan = usePlan(() => put(app.id, { instances: 0 }, { dryRun: true }), []);
  return html`<${Change} title=${`Suspend ${app.id}`} action="Suspend" plan=${plan}
    send=${(force) => put(app.id, { instances: 0 }, { force })} command=${`marathon scale ${word(app.id)} 0`}>
    <p>All ${plural(app.instances, "instance")} will be killed. The definition stays; scale it up to go on.</p>
  <//>`;
}

function Destroy({ app }) {
  const [name, setName] = useState("");
  const plan = usePlan(() => api.remove(`${path(app.id)}?dryRun=true`), []);
  return html`<${Change} title=${`Destroy ${app.id}`} action="Destroy" danger ready=${name === app.id} plan=${plan}
    send=${async (force) => {
      const answer = await api.remove(`${path(app.id)}?force=${force}`);
      refreshApp("*");
      return answer;
    }} command=${`marathon destroy ${word(app.id)}`}>
    <p>All ${plural(app.instances, "instance")} will be killed, and the definition removed with all its versions. This cannot be undone.</p>
    <label class="field"><span>Type <b class="mono">${app.id}</b> to go on</span>
      <input value=${name} autofocus autocomplete="off" spellcheck=${false}
        onInput=${(event) => setName(event.target.value)} />
        </label>
  <//>`;
}

function RollBack({ app, version }) {
  const plan = usePlan(() => put(app.id, { version }, { dryRun: true }), []);
  return html`<${Change} title=${`Roll ${app.id} back`} action="Roll back" plan=${plan}
    send=${(force) => put(app.id, { version }, { force })} command=${`marathon rollback ${word(app.id)} ${version}`}>
    <p>The definition of <time>${version}</time> becomes the present one again.</p>
  <//>`;
}

// Kills chosen instances: others take their place, or (scale) the app shrinks by so many.
function Kill({ app, ids, scale }) {
  const run = async () => {
    await api.post(`/v2/tasks/delete?scale=${scale}`, { ids });
    refreshApp(app.id);
  };
  return html`<${Confirm} title=${scale ? "Kill and scale down" : "Kill"} action="Kill" danger run=${run}>
    <p>${plural(ids.length, "instance")} of ${app.id} will be killed${scale ? ` and not replaced: ${plural(Math.max(0, app.instances - ids.length), "instance")} will be wanted.` : "; new ones take their place."}</p>
    <ul class="mono">${ids.slice(0, 8).map((id) => html`<li>
      ${id}</li>`)}${ids.length > 8 && html`<li>and ${ids.length - 8} more</li>`}</ul>
  <//>`;
}

const opener = (Dialog) => (properties) => openDialog(() => html`<${Dialog} ...${properties} />`);

export const scale = opener(Scale);
export const restart = opener(Restart);
export const suspend = opener(Suspend);
export const destroy = opener(Destroy);
export const rollBack = opener(RollBack);
export const kill = opener(Kill);
