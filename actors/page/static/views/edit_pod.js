// Creating and editing a pod, as JSON: what it changes is shown before it is sent.
//
//   typed ──▶ Show what changes ──▶ Send
//     ◀── 422: all errors, by their fields
//     ◀── somebody else changed it meanwhile: theirs beside yours
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { definitionOf, parseJson, pretty, same, sorted } from "../lib/definition.js";
import { Diff } from "../lib/diff.js";
import { moment, plural } from "../lib/format.js";
import { Command, Problem, word } from "../lib/parts.js";
import { navigate, toPod } from "../lib/router.js";
import { versionsOf } from "../lib/versions.js";
import { Json } from "./edit.js";

const FRESH = {
  id: "/",
  containers: [
    {
      name: "main",
      exec: { command: { shell: "exec sleep 1000" } },
      resources: { cpus: 0.1, mem: 32 },
      endpoints: [{ name: "http", hostPort: 0 }],
    },
  ],
  scaling: { kind: "fixed", instances: 1 },
};

export const CreatePod = () => html`<${Editor} before=${{}} start=${FRESH} />`;

export function EditPod({ id, query }) {
  const [loaded, setLoaded] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let current = true;
    const load = async () => {
      const pod = await api.get(`/v2/pods${inPath(id)}`);
      const from = query.version ? await versionsOf.pod.at(id, query.version) : pod;
      return { before: definitionOf(pod), start: definitionOf(from), version: pod.version };
    };
    load().then(
      (found) => current && setLoaded(found),
      (problem) => current && setError(problem),
    );
    return () => {
      current = false;
    };
  }, [id, query.version]);
  if (error) return html`<div class="view"><${Problem} error=${error} /></div>`;
  if (!loaded) return html`<div class="empty" aria-busy="true">Fetching ${id} …</div>`;
  return html`<${Editor} id=${id} ...${loaded} from=${query.version} />`;
}

function Editor({ id, before, start, version, from }) {
  const editing = id !== undefined;
  const [text, setText] = useState(pretty(start));
  const [base, setBase] = useState({ definition: before, version });
  const [shown, setShown] = useState(false);
  const [problem, setProblem] = useState(null);
  const [theirs, setTheirs] = useState(null);
  const [busy, setBusy] = useState(false);
  const top = useRef();
  const { value, error, line } = parseJson(text);
  const broken = error ?? (value === null || typeof value !== "object" ? "a pod is an object: { … }" : null);
  const unchanged = editing && !broken && same(base.definition, value);
  const type = (next) => {
    setText(next);
    setShown(false);
  };
  const send = async () => {
    setBusy(true);
    setProblem(null);
    try {
      if (editing) {
        const now = await api.get(`/v2/pods${inPath(id)}`);
        if (now.version !== base.version) setTheirs({ definition: definitionOf(now), version: now.version });
        else {
          await api.put(`/v2/pods${inPath(id)}`, value);
          navigate(toPod(id));
        }
      } else navigate(toPod((await api.post("/v2/pods", value)).id));
    } catch (refused) {
      setProblem(refused);
      top.current?.scrollIntoView({ block: "start" });
    }
    setShown(false);
    setBusy(false);
  };
  const goOn = (next) => {
    setBase(theirs);
    setText(next);
    setTheirs(null);
  };
  const fields = problem?.fields ?? [];
  return html`<div class="view scroll" ref=${top}><div class="editor">
    <div class="headline"><h1>${editing ? html`Edit <a href=${toPod(id)}>${id}</a>` : "Create a pod"}</h1>
      ${from && html`<span class="dim">from the version of ${moment(from)}</span>`}</div>
    ${problem && html`<${Problem}
      error=${fields.length ? `The service refuses this: ${plural(fields.length, "field")} to look at. Nothing was changed.` : problem} />`}
    ${fields.length > 0 && html`<ul class="problem-list">${fields.map(
      ({ path, errors }) => html`<li><code>${path}</code> ${errors.join("; ")}</li>`)}</ul>`}
    ${theirs && html`<section class="problem conflict" role="alert"><h2>Somebody else changed this pod while you edited it</h2>
      <p>Their version is of ${moment(theirs.version)}. Nothing of yours was sent.</p>
      <${Diff} left=${pretty(sorted(theirs.definition))} right=${pretty(sorted(value))} leftTitle="theirs, as it is now"
        rightTitle="yours" />
      <div class="buttons left"><button class="button" onClick=${() => goOn(pretty(theirs.definition))}>
        Drop mine, begin from theirs</button>
        <button class="button" onClick=${() => goOn(text)}>Keep mine</button></div></section>`}
    <${Json} text=${text} change=${type} broken=${broken} line=${line} />
    ${shown && editing && html`<section class="preview" aria-label="What this will do"><h2>What this will do</h2>
      <p>All instances are replaced by new ones of this definition, unless nothing but their number changes.</p>
      <${Diff} left=${pretty(sorted(base.definition))} right=${pretty(sorted(value))} leftTitle="now"
        rightTitle="then" /></section>`}
    <div class="buttons footer">
      <${Command}>${`marathon deploy ${word(`${(value?.id ?? "pod").split("/").pop() || "pod"}.json`)}`}<//>
      <span class="grow"></span>
      <a class="button" href=${editing ? toPod(id) : "#/pods"}>Cancel</a>
      ${
        shown || !editing
          ? html`<button class="button primary" disabled=${busy || Boolean(broken) || Boolean(theirs)} onClick=${send}>
            ${editing ? "Change the pod" : "Create the pod"}</button>`
          : html`<button class="button primary" disabled=${Boolean(broken) || unchanged || Boolean(theirs)}
            onClick=${() => setShown(true)}>${unchanged ? "Nothing changed yet" : "Show what changes"}</button>`}
    </div>
  </div></div>`;
}
