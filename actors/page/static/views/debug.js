// What went wrong: the last failure with the last that it wrote, why it waits, what happened since the page was opened.
import { html } from "../lib/html.js";
import { ago, exactClock, moment } from "../lib/format.js";
import { useNow, useObservable } from "../lib/observable.js";
import { toAgent } from "../lib/router.js";
import { apps, pastOf } from "../lib/store.js";
import { shortId, toLog } from "./instances.js";
import { Output } from "./logs.js";
import { Refusals } from "./why.js";

export function Debug({ app }) {
  const now = useNow();
  useObservable(apps); // an event of this app renders its timeline again
  const failure = app.lastTaskFailure;
  const changes = app.versionInfo ?? {};
  return html`<div class="stack debug">
    <section><h2>Last failure</h2>
      ${
        !failure
          ? html`<p class="dim">None since the app was created.</p>`
          : html`
      <div class="problem"><b>${failure.state}</b> ${failure.message || "without a message"}</div>
      <dl class="facts">
        <div><dt>When</dt><dd>
          <time datetime=${failure.timestamp} title=${moment(failure.timestamp)}>${ago(failure.timestamp, now)}</time>
          </dd></div>
        <div><dt>Instance</dt><dd class="mono" title=${failure.taskId}>${shortId(failure.taskId)}</dd></div>
        <div><dt>Host</dt>
          <dd>${failure.slaveId ? html`<a href=${toAgent(failure.slaveId)}>${failure.host}</a>` : failure.host}</dd>
          </div>
        <div><dt>Version</dt><dd>${moment(failure.version)}</dd></div>
      </dl>
      ${["stderr", "stdout"].map((file) => html`<h3>The last on <a href=${toLog(app.id, failure.taskId, file)}>${file}</a>
        </h3>
      <div class="short"><${Output} key=${failure.taskId + file} tasks=${[failure.taskId]} file=${file} /></div>`)}`}
    </section>
    <section><h2>Why it waits</h2><${Refusals} app=${app} /></section>
    <section><h2>Last changes</h2><dl class="facts">
      <div><dt>Configuration</dt><dd title=${changes.lastConfigChangeAt}>${ago(changes.lastConfigChangeAt, now)}</dd>
        </div>
      <div><dt>Scaled, or restarted</dt><dd title=${changes.lastScalingAt}>${ago(changes.lastScalingAt, now)}</dd>
        </div></dl></section>
    <section><h2>Events since this page was opened</h2><${Past} app=${app} /></section>
  </div>`;
}

function Past({ app }) {
  const past = pastOf(app.id);
  if (!past.length) return html`<p class="dim">None so far.</p>`;
  return html`<ol class="timeline">${past.map(
    ({ type, data, at }) => html`<li>
    <time datetime=${at} title=${moment(at)}>${exactClock(at)}</time>
    <b>${type.replace(/_event$/, "").replaceAll("_", " ")}</b>
    <span class="dim">${[data.taskStatus, data.condition, data.alive === undefined ? "" : data.alive ? "alive" : "not alive", data.message].filter(Boolean).join(" ")} ${data.instanceId || data.taskId ? shortId(data.taskId ?? data.instanceId) : ""}</span>
      </li>`)}</ol>`;
}
