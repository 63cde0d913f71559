// The page's frame: navigation, the state of the connection, keys, and the view that the address names.
import { html, render, cls } from "./lib/html.js";
import { useRoute } from "./lib/router.js";
import { useObservable } from "./lib/observable.js";
import * as store from "./lib/store.js";
import { Apps } from "./views/apps.js";

const VIEWS = document.querySelector("meta[name=views]").content.split(" ");
const NAVIGATION = [
  { view: "apps", key: "apps", title: "Apps" },
].filter(({ view }) => VIEWS.includes(view));

function Page() {
  const route = useRoute();
  const [place = NAVIGATION[0]?.key] = route.path;
  return html`
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/"><img src="icon.svg" alt="" width="22" height="22" />Marathon</a>
      <nav aria-label="Views">${NAVIGATION.map(({ key, title }) => html`<a href=${`#/${key}`} class=${cls({ on: place === key })} aria-current=${place === key ? "page" : undefined}>${title}</a>`)}</nav>
      <span class="grow"></span>
      <${Connection} />
    </header>
    <main id="main" tabindex="-1"><${Apps} query=${route.query} /></main>`;
}

function Connection() {
  const state = useObservable(store.connection);
  const words = { connecting: "connecting", live: "live", lost: "no connection – trying again" };
  return html`<span class=${`connection ${state}`} role="status"><i aria-hidden="true"></i>${words[state]}</span>`;
}

if (VIEWS.includes("apps")) store.start();
render(html`<${Page} />`, document.getElementById("page"));
