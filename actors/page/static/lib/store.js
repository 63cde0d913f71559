// All that the page knows of apps, kept right by the service's events.
//
//   /v2/events ──▶ which apps changed ──▶ fetch those (or all, if many) ──▶ observables ──▶ views
//
// Events only say where to look: what is shown was always fetched, so a lost event cannot leave a wrong figure for
// longer than the next one. While nobody looks (a hidden tab) the stream is closed.
import { api } from "./api.js";
import { Bus, Observable } from "./observable.js";
import { Refresher } from "./refresher.js";
import { Stream } from "./stream.js";

export const connection = new Observable("connecting"); // connecting | live | lost
export const apps = new Observable(null); // Map of id → app with counts; null before the first answer
export const groups = new Observable(new Set(["/"]));
export const pods = new Observable(null); // Map of id → status with the definition in it
export const deployments = new Observable(null);
export const queue = new Observable(new Map()); // of app id → what waits, and why
export const info = new Observable(null);
export const events = new Bus(); // every event, for views that follow one thing

const EMBED = "embed=apps.counts&embed=apps.deployments";
const FEW = 4; // changed apps that are fetched one by one
const LEAVE_AFTER = 60_000; // milliseconds hidden

const EVENTS = {
  app: [
    "status_update_event",
    "instance_changed_event",
    "instance_health_changed_event",
    "app_terminated_event",
    "api_post_event",
    "unknown_instance_terminated_event",
    "health_status_changed_event",
    "failed_health_check_event",
    "unhealthy_instance_kill_event",
  ],
  deployment: [
    "deployment_info",
    "deployment_success",
    "deployment_failed",
    "deployment_step_success",
    "deployment_step_failure",
    "deployment_node_changed",
    "group_change_success",
    "group_change_failed",
  ],
  pod: ["pod_created_event", "pod_updated_event", "pod_deleted_event"],
  service: ["scheduler_registered_event", "scheduler_reregistered_event", "scheduler_disconnected_event"],
};

let dirty = new Set(); // ids of apps to fetch; "*" for all of them

const fetchApps = new Refresher(async () => {
  const ids = dirty;
  dirty = new Set();
  try {
    if (ids.has("*") || ids.size > FEW || apps.value === null) {
      const answer = await api.get(`/v2/apps?${EMBED}`);
      takeGroups(answer.apps);
      apps.set(new Map(answer.apps.map((app) => [app.id, app])));
    } else if (ids.size) {
      const answers = await Promise.all(
        [...ids].map((id) => api.get(`/v2/apps?id=${encodeURIComponent(id)}&${EMBED}`)),
      );
      const known = new Map(apps.value);
      for (const id of ids) known.delete(id);
      // Asking by id answers with every app whose id contains it.
      for (const app of answers.flatMap((answer) => answer.apps)) known.set(app.id, app);
      takeGroups(known.values());
      apps.set(known);
    }
  } catch (error) {
    for (const id of ids) dirty.add(id);
    throw error;
  }
});

function takeGroups(all) {
  const found = new Set(["/"]);
  for (const { id } of all) {
    for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) found.add(id.slice(0, end));
  }
  if (found.size !== groups.value.size || [...found].some((id) => !groups.value.has(id))) groups.set(found);
}

const fetchDeployments = new Refresher(async () => deployments.set(await api.get("/v2/deployments")));

const fetchQueue = new Refresher(async () => {
  const { queue: items } = await api.get("/v2/queue");
  queue.set(new Map(items.map((item) => [(item.app ?? item.pod).id, item])));
});

const fetchPods = new Refresher(async () => {
  const all = await api.get("/v2/pods::status");
  pods.set(new Map(all.sort((a, b) => (a.id < b.id ? -1 : 1)).map((pod) => [pod.id, pod])));
});

const fetchInfo = new Refresher(async () => info.set(await api.get("/v2/info")));

export function refreshApp(id) {
  dirty.add(id);
  fetchApps.ask();
}

export function refreshAll() {
  refreshApp("*");
  fetchDeployments.ask();
  fetchQueue.ask();
  fetchPods.ask();
  fetchInfo.ask();
}

// How deployments that are over have ended, for who follows one that was quicker than the page.
export const ended = new Observable(new Map());

function noteEnd(type, data) {
  if (type !== "deployment_success" && type !== "deployment_failed") return;
  const known = [...ended.value].slice(-100);
  ended.set(
    new Map([
      ...known,
      [
        data.id,
        { done: type === "deployment_success", reason: data.reason, steps: data.plan.steps, graph: data.graph },
      ],
    ]),
  );
}

// What happened to each app while the page was open, newest first: its timeline.
const REMEMBERED = 60; // events per app
const APPS_REMEMBERED = 500;
const past = new Map();

export const recent = new Observable([]); // the last events, newest first
const RECENT = 1000;
let told = 0;

function remember(type, data) {
  recent.set([{ key: told++, type, data, at: data.timestamp }, ...recent.value].slice(0, RECENT));
  const id = data.runSpecId ?? data.appId;
  if (!id) return;
  const list = past.get(id) ?? [];
  past.delete(id);
  past.set(id, [{ type, data, at: data.timestamp }, ...list].slice(0, REMEMBERED));
  if (past.size > APPS_REMEMBERED) past.delete(past.keys().next().value);
}

export const pastOf = (id) => past.get(id) ?? [];

function take(type, data) {
  noteEnd(type, data);
  events.tell(type, data);
  remember(type, data);
  if (EVENTS.app.includes(type)) {
    const id = data.runSpecId ?? data.appId ?? data.appDefinition?.id;
    if (pods.value?.has(id)) fetchPods.ask();
    else refreshApp(id ?? "*");
    fetchQueue.ask();
  } else if (EVENTS.deployment.includes(type)) {
    for (const { app, pod } of (data.plan?.steps ?? []).flatMap((step) => step.actions)) {
      if (app) dirty.add(app);
      if (pod) fetchPods.ask();
    }
    fetchApps.ask();
    fetchDeployments.ask();
    fetchQueue.ask();
  } else if (EVENTS.pod.includes(type)) {
    fetchPods.ask();
  } else {
    fetchInfo.ask();
  }
}

const TYPES = Object.values(EVENTS).flat();
const NAMED = TYPES.map((type) => `&event_type=${type}`).join("");

const stream = new Stream(`/v2/events?plan-format=light${NAMED}`, TYPES, {
  onOpen: () => {
    connection.set("live");
    refreshAll();
  },
  onEvent: take,
  onLost: () => connection.set("lost"),
});

// What is waiting changes without an event: offers are refused, delays run out.
function watchQueue() {
  setInterval(() => {
    if (!document.hidden && connection.value === "live" && queue.value.size) fetchQueue.ask();
  }, 2000);
}

export function start() {
  stream.open();
  fetchApps.ask(); // not after the stream has opened: the first paint waits for this
  watchQueue();
  let leaving;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => stream.close(), LEAVE_AFTER);
    else if (!stream._source) stream.open();
  });
}
