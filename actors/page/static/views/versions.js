// All versions of an app: two of them side by side, going back to one, or beginning from one.
import { html, useEffect, useState } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { rollBack } from "../lib/actions.js";
import { definitionOf, pretty, sorted } from "../lib/definition.js";
import { Diff } from "../lib/diff.js";
import { ago, moment } from "../lib/format.js";
import { useFetched } from "../lib/loading.js";
import { useNow } from "../lib/observable.js";
import { Problem } from "../lib/parts.js";
import { href, replace } from "../lib/router.js";
import { concerns } from "./app.js";

export function Versions({ app, query }) {
  const now = useNow(10_000);
  const { value, error } = useFetched(() => api.get(`/v2/apps${inPath(app.id)}/versions`), [app.id], concerns(app.id));
  const versions = value?.versions ?? [];
  const right = query.a ?? versions[0];
  const left = query.b ?? versions[1] ?? versions[0];
  const to = (change) => replace(href(["app", app.id, "versions"], { a: right, b: left, ...change }));
  if (error) return html`<${Problem} error=${error} />`;
  return html`<div class="split versions">
    <ol class="version-list" aria-label="Versions, newest first">${versions.map((version, i) => html`<li class=${version === left || version === right ? "on" : ""}>
      <div class="grow"><time datetime=${version} title=${version}>${moment(version)}</time>
        <div class="dim">${i === 0 ? "present" : ago(version, now)}</div>
        <div class="row"><label>
          <input type="radio" name="left" checked=${version === left}
            onChange=${() => to({ b: version })} /> left</label>
        <label><input type="radio" name="right" checked=${version === right}
          onChange=${() => to({ a: version })} /> right</label>
        <a href=${href(["edit", app.id], { version })} title="Begin an edit from this version">Edit</a>
        ${i > 0 && html`<button class="quiet" onClick=${() => rollBack({ app, version })}>Roll back</button>`}</div>
          </div>
    </li>`)}</ol>
    <div class="grow">${left && right && html`<${Between} app=${app} left=${left} right=${right} />`}</div>
  </div>`;
}

function Between({ app, left, right }) {
  const [texts, setTexts] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let current = true;
    Promise.all(
      [left, right].map((version) => api.get(`/v2/apps${inPath(app.id)}/versions/${encodeURIComponent(version)}`)),
    )
      .then((definitions) => current && setTexts(definitions.map((each) => pretty(sorted(definitionOf(each))))))
      .catch((problem) => current && setError(problem));
    return () => {
      current = false;
    };
  }, [app.id, left, right]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!texts) return html`<p class="dim" aria-busy="true">Fetching both …</p>`;
  if (left === right)
    return html`<${Diff} left=${texts[0]} right=${texts[1]} leftTitle=${moment(left)} rightTitle="the same" all />`;
  return html`<${Diff} left=${texts[0]} right=${texts[1]} leftTitle=${moment(left)} rightTitle=${moment(right)} />`;
}
