// Why an app waits: in one sentence, then by reason, then offer by offer with what was wanted and what was there.
import { html, useEffect } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { clock, cpus, megabytes, number, plural, span, trimmed } from "../lib/format.js";
import { href, toAgent } from "../lib/router.js";
import { useFetched } from "../lib/loading.js";
import { useObservable } from "../lib/observable.js";
import { queue } from "../lib/store.js";

const REASONS = {
  UnfulfilledRole: "the role of its resources",
  UnfulfilledConstraint: "a constraint of the app",
  AgentMaintenance: "maintenance of the agent",
  InsufficientCpus: "too few CPUs",
  InsufficientMemory: "too little memory",
  InsufficientDisk: "too little disk",
  InsufficientGpus: "too few GPUs",
  InsufficientPorts: "no free port of those wanted",
  DeclinedScarceResources: "its GPUs, kept for those that want some",
};

// "Mesos offered 2 places, and none would do: 2 had too few CPUs."
export function sentence(item) {
  const summary = item.processedOffersSummary;
  const refused = summary.rejectSummaryLastOffers.filter((step) => step.declined > 0);
  if (!item.delay.overdue) return `It failed and waits ${span(item.delay.timeLeftSeconds)} before it is tried again.`;
  if (summary.processedOffersCount === 0)
    return "Mesos has not offered anything yet: no agent has anything free, or none is there.";
  if (!refused.length) return "It waits for the next offer.";
  const most = refused.map((step) => `${number(step.declined)} for ${REASONS[step.reason] ?? step.reason}`);
  return `Of the last ${plural(
    refused.reduce((sum, step) => Math.max(sum, step.processed), 0),
    "offer",
  )} none would do: refused ${most.join(", ")}.`;
}

export function Why({ app, item, brief }) {
  const reset = () => api.remove(`/v2/queue${inPath(app.id)}/delay`).catch(() => {});
  return html`<section class="why" aria-label="Why it waits">
    <div class="headline">
      <h2>${plural(item.count, "instance")} ${item.count === 1 ? "waits" : "wait"} to be launched</h2>
      <span class="grow">${sentence(item)}</span>
      ${!item.delay.overdue && html`<button class="quiet" onClick=${reset}>Try now</button>`}
      ${brief && html`<a href=${href(["app", app.id, "debug"])}>details</a>`}</div>
  </section>`;
}

export function Refusals({ app }) {
  const { value, refresh } = useFetched(() => api.get("/v2/queue?embed=lastUnusedOffers"), [app.id]);
  const waiting = useObservable(queue); // asked for again and again while anything waits
  useEffect(refresh, [waiting]);
  const item = value?.queue.find((each) => each.app?.id === app.id);
  if (!item) return html`<p class="dim">Nothing of this app waits.</p>`;
  const summary = item.processedOffersSummary;
  const ever = new Map(summary.rejectSummaryLaunchAttempt.map((step) => [step.reason, step]));
  return html`
    <p>${sentence(item)}</p>
    <table class="plain"><thead><tr><th scope="col">Reason</th><th scope="col" class="figure">Of the last offers</th>
      <th scope="col" class="figure">Since it waits</th><th scope="col">Share</th></tr></thead>
      <tbody>${summary.rejectSummaryLastOffers.map((step) => {
        const all = ever.get(step.reason) ?? { declined: 0, processed: 0 };
        return html`<tr class=${all.declined ? "" : "dim"}><td>${REASONS[step.reason] ?? step.reason}</td>
          <td class="figure">${number(step.declined)} of ${number(step.processed)}</td>
          <td class="figure">${number(all.declined)} of ${number(all.processed)}</td>
          <td><span class="bar thin">
            <i class="waiting" style=${{ width: `${all.processed ? (100 * all.declined) / all.processed : 0}%` }}></i>
            </span></td></tr>`;
      })}</tbody></table>
    ${
      item.lastUnusedOffers?.length > 0 &&
      html`<h3>The last offers</h3>
    <table class="plain"><thead><tr><th scope="col">Agent</th><th scope="col">Refused for</th>
      <th scope="col" class="figure">CPUs wanted / offered</th>
      <th scope="col" class="figure">Memory wanted / offered</th><th scope="col">At</th></tr></thead>
      <tbody>${item.lastUnusedOffers.map(
        ({ offer, reason, timestamp }) => html`<tr>
        <td><a href=${toAgent(offer.agentId)}>${offer.hostname}</a></td>
          <td>${reason.map((each) => REASONS[each] ?? each).join(", ")}</td>
        <td class="figure">${cpus(item.app.cpus)} / ${trimmed(amount(offer, "cpus"), 2)}</td>
          <td class="figure">${megabytes(item.app.mem)} / ${megabytes(amount(offer, "mem"))}</td><td>
          <time datetime=${timestamp}>${clock(timestamp)}</time></td></tr>`)}</tbody></table>`
    }`;
}

const amount = (offer, name) =>
  offer.resources.filter((each) => each.name === name).reduce((sum, each) => sum + (each.scalar ?? 0), 0);
