// All versions of an app, or of a pod: two of them side by side, going back to one, or beginning from one.
import { html, useEffect, useState } from "../lib/html.js";
import { definitionOf, pretty, sorted } from "../lib/definition.js";
import { Diff } from "../lib/diff.js";
import { ago, moment } from "../lib/format.js";
import { useFetched } from "../lib/loading.js";
import { useNow } from "../lib/observable.js";
import { Problem } from "../lib/parts.js";
import { href, replace } from "../lib/router.js";
import { versionsOf } from "../lib/versions.js";
import { concerns } from "./app.js";

// kind: "app" or "pod"; rollBack({ app, version }) asks whether to
export function Versions({ app, query, kind = "app", rollBack }) {
  const now = useNow(10_000);
  const { value, error } = useFetched(() => versionsOf[kind].list(app.id), [app.id, app.version], concerns(app.id));
  const versions = value ?? [];
  const right = query.a ?? versions[0];
  const left = query.b ?? versions[1] ?? versions[0];
  const to = (change) => replace(href([kind, app.id, "versions"], { a: right, b: left, ...change }));
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
        <a href=${href([kind === "pod" ? "edit-pod" : "edit", app.id], { version })} title="Begin an edit from this version">Edit</a>
        ${i > 0 && html`<button class="quiet" onClick=${() => rollBack({ app, version })}>Roll back</button>`}</div>
          </div>
    </li>`)}</ol>
    <div class="grow">${left && right && html`<${Between} kind=${kind} app=${app} left=${left} right=${right} />`}</div>
  </div>`;
}

function Between({ kind, app, left, right }) {
  const [texts, setTexts] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let current = true;
    Promise.all(
      [left, right].map((version) => versionsOf[kind].at(app.id, version)),
    )
      .then((definitions) => current && setTexts(definitions.map((each) => pretty(sorted(definitionOf(each))))))
      .catch((problem) => current && setError(problem));
    return () => {
      current = false;
    };
  }, [kind, app.id, left, right]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!texts) return html`<p class="dim" aria-busy="true">Fetching both …</p>`;
  if (left === right)
    return html`<${Diff} left=${texts[0]} right=${texts[1]} leftTitle=${moment(left)} rightTitle="the same" all />`;
  return html`<${Diff} left=${texts[0]} right=${texts[1]} leftTitle=${moment(left)} rightTitle=${moment(right)} />`;
}
