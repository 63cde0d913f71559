// What a change will do, as the service plans it (dryRun), in words.
import { html } from "./html.js";
import { plural } from "./format.js";
import { toApp, toPod } from "./router.js";

const WORDS = {
  StartApplication: "create",
  ScaleApplication: "start or stop instances of",
  RestartApplication: "replace every instance of",
  StopApplication: "stop and remove",
  StartPod: "create",
  ScalePod: "start or stop instances of",
  RestartPod: "replace every instance of",
  StopPod: "stop and remove",
};

export const ACTIONS = {
  StartApplication: "create",
  ScaleApplication: "scale",
  RestartApplication: "replace",
  StopApplication: "stop",
  StartPod: "create",
  ScalePod: "scale",
  RestartPod: "replace",
  StopPod: "stop",
};

// What an action is done to: an app, or a pod.
export const subject = (action) => action.app ?? action.pod;

export function Subject({ action }) {
  return action.app ? html`<a href=${toApp(action.app)}>${action.app}</a>` : html`<a href=${toPod(action.pod)}>${action.pod}</a>`;
}

export function Plan({ plan }) {
  if (!plan) return html`<p class="dim" aria-busy="true">Asking the service what this will do …</p>`;
  if (!plan.steps.length) return html`<p>Nothing changes: the service has this already.</p>`;
  const waits = new Map(plan.graph.filter((node) => node.kind === "app").map((node) => [node.id, node.waitsFor]));
  return html`<div class="plan">
    <p>The deployment will take ${plural(plan.steps.length, "step")}:</p>
    <ol>${plan.steps.map((step) => html`<li>${step.actions.map((action) => html`<div>
      ${WORDS[action.action] ?? action.action} <${Subject} action=${action} />
      ${waited(waits.get(subject(action)))}</div>`)}</li>`)}</ol>
  </div>`;
}

const waited = (ids) => {
  const apps = (ids ?? []).map((id) => id.split("#")[0]).filter((id) => id !== "/" && id);
  return (
    apps.length > 0 && html`<span class="dim"> when ${apps.join(", ")} ${apps.length === 1 ? "is" : "are"} ready</span>`
  );
};
