// The page's frame: navigation, the state of the connection, keys, and the view that the address names.
//
// Views beyond the first one are fetched when they are first opened: the apps show sooner.
import { html, render, cls, useEffect, useState } from "./lib/html.js";
import { Dialogs } from "./lib/dialog.js";
import { listen } from "./lib/keys.js";
import { useObservable } from "./lib/observable.js";
import { useRoute } from "./lib/router.js";
import { useInSight } from "./lib/sight.js";
import * as store from "./lib/store.js";

const VIEWS = document.querySelector("meta[name=views]").content.split(" ");
const BRAND = VIEWS.includes("apps") ? "Marathon" : VIEWS.includes("cluster") ? "Mesos" : "Actors";

const PLACES = {
  apps: {
    view: "apps",
    title: "Apps",
    load: () =>
      import("./views/apps.js").then(
        (m) =>
          ({ query }) =>
            html`<${m.Apps} query=${query} />`,
      ),
  },
  pods: {
    view: "apps",
    title: "Pods",
    load: () => import("./views/pods.js").then((m) => () => html`<${m.Pods} />`),
  },
  pod: {
    view: "apps",
    within: "pods",
    load: () =>
      import("./views/pod.js").then(
        (m) =>
          ({ path: [id, tab], query }) =>
            html`<${m.PodPage} key=${id} id=${id} tab=${tab} query=${query} />`,
      ),
  },
  "create-pod": {
    view: "apps",
    within: "pods",
    load: () => import("./views/edit_pod.js").then((m) => () => html`<${m.CreatePod} />`),
  },
  "edit-pod": {
    view: "apps",
    within: "pods",
    load: () =>
      import("./views/edit_pod.js").then(
        (m) =>
          ({ path: [id], query }) =>
            html`<${m.EditPod} key=${`${id} ${query.version}`} id=${id} query=${query} />`,
      ),
  },
  deployments: {
    view: "apps",
    title: "Deployments",
    load: () =>
      import("./views/deployments.js").then(
        (m) =>
          ({ path: [id] }) =>
            id ? html`<${m.DeploymentPage} key=${id} id=${id} />` : html`<${m.Deployments} />`,
      ),
  },
  cluster: {
    view: "cluster",
    title: "Cluster",
    load: () =>
      import("./views/cluster.js").then(
        (m) =>
          ({ path: [tab, id] }) =>
            html`<${m.Cluster} tab=${tab} id=${id} />`,
      ),
  },
  actors: {
    view: "actors",
    title: "Actors",
    load: () =>
      import("./views/actors.js").then(
        (m) =>
          ({ path: [tab], query }) =>
            html`<${m.Actors} tab=${tab} query=${query} />`,
      ),
  },
  app: {
    view: "apps",
    within: "apps",
    load: () =>
      import("./views/app.js").then(
        (m) =>
          ({ path: [id, tab], query }) =>
            html`<${m.AppPage} key=${id} id=${id} tab=${tab} query=${query} />`,
      ),
  },
  create: {
    view: "apps",
    within: "apps",
    load: () =>
      import("./views/edit.js").then(
        (m) =>
          ({ query }) =>
            html`<${m.Create} query=${query} />`,
      ),
  },
  edit: {
    view: "apps",
    within: "apps",
    load: () =>
      import("./views/edit.js").then(
        (m) =>
          ({ path: [id], query }) =>
            html`<${m.Edit} id=${id} query=${query} />`,
      ),
  },
  events: {
    view: "apps",
    title: "Events",
    load: () => import("./views/events.js").then((m) => () => html`<${m.Events} />`),
  },
};
const places = Object.entries(PLACES).filter(([, { view }]) => VIEWS.includes(view));
const navigation = places.filter(([, { title }]) => title);

function Page() {
  const { path, query } = useRoute();
  const [name = navigation[0][0], ...rest] = path;
  const place = Object.fromEntries(places)[name];
  const within = place?.within ?? name;
  const running = useObservable(store.deployments);
  const pods = useObservable(store.pods);
  const row = useInSight(within);
  useEffect(() => {
    document.title = [rest[0], place?.title ?? name, BRAND].filter((part, i, all) => part && part !== all[i - 1]).join(" · ");
  });
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/"><img src="icon.svg" alt="" width="22" height="22" />
        <span>${BRAND}</span></a>
      <nav aria-label="Views" ref=${row}>${navigation.filter(([key]) => key !== "pods" || within === key || pods?.size).map(([key, { title }]) => html`<a href=${`#/${key}`}
        class=${cls({ on: within === key })} aria-current=${within === key ? "page" : undefined}>
        ${title}${key === "deployments" && running?.length > 0 && html` <span class="badge busy">
        ${running.length}</span>`}</a>`)}</nav>
      <span class="grow"></span>
      ${
        VIEWS.includes("apps") &&
        html`<${Connection} /><a class="button primary create" href="#/create">
        <span aria-hidden="true">+</span> Create<span class="sr"> an app</span></a>`}
    </header>
    <main id="main" tabindex="-1">${
      place
        ? html`<${Place} key=${name} load=${place.load} path=${rest} query=${query} />`
        : html`<div class="empty">
      <h2>There is no such page</h2><p><a href="#/">To the beginning</a></p></div>`
    }</main>
    <${Dialogs} />`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const loaded = new Map();

// A network that changes, or a service that starts again, drops what is under way: that is asked for again.
async function insist(load) {
  for (let left = 3; ; left--) {
    try {
      return await load();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function Place({ load, path, query }) {
  const [View, setView] = useState(() => loaded.get(load));
  const [error, setError] = useState(null);
  useEffect(() => {
    if (View) return;
    insist(load).then((view) => {
      loaded.set(load, view);
      setView(() => view);
    }, setError);
  }, [load]);
  if (error)
    return html`<div class="empty"><h2>This part of the page could not be fetched</h2><p>
    <button class="button" onClick=${() => location.reload()}>Load the page again</button></p></div>`;
  return View
    ? html`<${View} path=${path} query=${query} />`
    : html`<div class="empty" aria-busy="true">Fetching …</div>`;
}

function Connection() {
  const state = useObservable(store.connection);
  const words = { connecting: "connecting", live: "live", lost: "no connection – trying again" };
  return html`<span class=${`connection ${state}`} role="status"><i aria-hidden="true"></i>
    <span>${words[state]}</span></span>`;
}

if (VIEWS.includes("apps")) store.start();
listen(VIEWS);
render(html`<${Page} />`, document.getElementById("page"));
sessionStorage.removeItem("tried"); // see again.js
