// One app: what it is doing, why it waits, and everything to be done with it.
import { html } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import * as actions from "../lib/actions.js";
import { cpus, megabytes } from "../lib/format.js";
import { statusOf } from "../lib/health.js";
import { useFetched } from "../lib/loading.js";
import { useObservable } from "../lib/observable.js";
import { Command, Count, HealthBar, Labels, Status, Tabs, word } from "../lib/parts.js";
import { href, toApp, toDeployment, toGroup } from "../lib/router.js";
import { queue } from "../lib/store.js";
import { Configuration } from "./configuration.js";
import { Debug } from "./debug.js";
import { Instances } from "./instances.js";
import { Logs } from "./logs.js";
import { Versions } from "./versions.js";
import { Why } from "./why.js";

const TABS = { instances: Instances, logs: Logs, configuration: Configuration, versions: Versions, debug: Debug };

// Whether an event is about the app, or about a deployment of it.
export const concerns = (id) => (type, data) =>
  [data.runSpecId, data.appId, data.appDefinition?.id, data.node].includes(id) ||
  Boolean(data.plan?.steps.some((step) => step.actions.some((action) => action.app === id)));

export function AppPage({ id, tab = "instances", query }) {
  const { value, error } = useFetched(() => api.get(`/v2/apps${inPath(id)}`), [id], concerns(id));
  const waiting = useObservable(queue).get(id);
  if (error?.status === 404) return html`<${Gone} id=${id} />`;
  if (!value) return html`<div class="empty" aria-busy="true">${error?.message ?? "Asking the service …"}</div>`;
  const app = value.app;
  const View = TABS[tab] ?? Instances;
  const tabs = [
    { key: "instances", title: "Instances", count: app.tasks.length },
    { key: "logs", title: "Logs" },
    { key: "configuration", title: "Configuration" },
    { key: "versions", title: "Versions" },
    { key: "debug", title: "Debug" },
  ].map((each) => ({ ...each, to: toApp(id, each.key) }));
  return html`<div class="view stack page">
    <${Head} app=${app} />
    ${waiting?.count > 0 && html`<${Why} app=${app} item=${waiting} brief />`}
    <${Tabs} tabs=${tabs} current=${TABS[tab] ? tab : "instances"} label="Of this app" />
    <div class="tab"><${View} app=${app} query=${query} rollBack=${actions.rollBack} /></div>
    <${Command}>${commandOf(tab, id)}<//>
  </div>`;
}

const COMMANDS = { logs: "logs -f", configuration: "config", versions: "versions", debug: "queue" };

const commandOf = (tab, id) => `marathon ${COMMANDS[tab] ?? "ps"} ${word(id)}`;

function Head({ app }) {
  const waiting = useObservable(queue);
  const parts = app.id.split("/").filter(Boolean);
  const name = parts.pop();
  return html`<div class="head">
    <div class="grow">
      <nav class="crumbs" aria-label="Group">
        <a href=${toGroup("/")}>Apps</a>${parts.map((part, i) => html`<span>/</span>
        <a href=${toGroup(`/${parts.slice(0, i + 1).join("/")}`)}>${part}</a>`)}</nav>
      <h1>${name}<${Labels} of=${app.labels} /></h1>
    </div>
    <div class="buttons">
      <a class="button" href=${href(["edit", app.id])}>Edit</a>
      <button class="button" onClick=${() => actions.scale({ app })}>Scale</button>
      <button class="button" onClick=${() => actions.restart({ app })} disabled=${app.instances === 0}>Restart</button>
      ${
        app.instances > 0
          ? html`<button class="button" onClick=${() => actions.suspend({ app })}>Suspend</button>`
          : html`<button class="button" onClick=${() => actions.scale({ app })}>Resume</button>`}
      <button class="button danger" onClick=${() => actions.destroy({ app })}>Destroy</button>
    </div>
    <dl class="facts">
      <div><dt>Status</dt><dd>
        <${Status} of=${statusOf(app, waiting)} />${app.deployments.map(({ id }) => html` <a
          href=${toDeployment(id)}>follow</a>`)}</dd>
        </div>
      <div class="wider"><dt>Instances</dt><dd><${Count} app=${app} /><${HealthBar} app=${app} /></dd></div>
      <div><dt>Each</dt><dd>${cpus(app.cpus)} CPUs, ${megabytes(app.mem)}</dd></div>
      ${
        app.container?.docker?.image &&
        html`<div><dt>Image</dt><dd class="mono">${app.container.docker.image}</dd>
        </div>`}
      ${
        app.dependencies?.length > 0 &&
        html`<div><dt>Waits for</dt>
        <dd>${app.dependencies.map((id) => html`<a class="spaced" href=${toApp(id)}>${id}</a>`)}</dd></div>`}
    </dl>
  </div>`;
}

function Gone({ id }) {
  return html`<div class="empty"><h2>There is no app <span class="mono">${id}</span></h2>
    <p>It was destroyed, or never there. <a href="#/apps">All apps</a></p>
    <p><a class="button" href=${href(["create"], { id })}>Create it</a></p></div>`;
}
