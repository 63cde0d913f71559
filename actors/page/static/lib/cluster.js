// What Mesos tells of its cluster. On the service it is passed on by it; on the embedded Mesos it is there itself.
import { api } from "./api.js";
import { Observable } from "./observable.js";
import { Refresher } from "./refresher.js";

const views = document.querySelector("meta[name=views]").content.split(" ");
const BASE = views.includes("apps") ? "/v2/mesos" : "/master";

export const cluster = new Observable(null); // { summary, slaves, roles, at } | { error }
export const PAGE = 200; // tasks fetched at once

const refresher = new Refresher(async () => {
  try {
    const [summary, slaves, roles] = await Promise.all(
      ["state-summary", "slaves", "roles"].map((what) => api.get(`${BASE}/${what}`)),
    );
    cluster.set({ summary, slaves: slaves.slaves, roles: roles.roles, at: Date.now() });
  } catch (error) {
    cluster.set({ ...(cluster.value ?? {}), error });
  }
});

// Looks every second while somebody watches.
let watchers = 0;
let timer;

export function watchCluster() {
  if (watchers === 0) {
    refresher.ask();
    timer = setInterval(() => document.hidden || refresher.ask(), 1000);
  }
  watchers += 1;
  return () => {
    watchers -= 1;
    if (watchers === 0) clearInterval(timer);
  };
}

export const fetchTasks = (query) =>
  api.get(`${BASE}/tasks?${new URLSearchParams({ limit: PAGE, order: "desc", ...query })}`);
