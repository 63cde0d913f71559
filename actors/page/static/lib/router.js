// Every view has an address: #/apps?q=web&status=waiting
//
//   path      ["apps"]                segments, decoded
//   query     { q: "web", … }
//
// navigate(href) adds to the history, replace(href) does not: typing into a search field is no step to go back to.
import { useEffect, useState } from "preact/hooks";

export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // somebody typed a lone %
  }
}

export function href(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = kept.length ? `?${new URLSearchParams(kept)}` : "";
  return `#/${path.map(encodeURIComponent).join("/")}${search}`;
}

const listeners = new Set();
const tell = () => listeners.forEach((listener) => listener());
addEventListener("hashchange", tell);

export function navigate(to) {
  location.hash = to;
}

export function replace(to) {
  history.replaceState(null, "", to);
  tell();
}

export function useRoute() {
  const [route, setRoute] = useState(parse);
  useEffect(() => {
    const listener = () => setRoute(parse());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return route;
}

export const toApp = (id, tab) => href(tab ? ["app", id, tab] : ["app", id]);
export const toPod = (id, tab) => href(tab ? ["pod", id, tab] : ["pod", id]);
export const toGroup = (id) => href(["apps"], id === "/" ? {} : { group: id });
export const toDeployment = (id) => href(["deployments", id]);
export const toAgent = (id) => href(["cluster", "agents", id]);
