// Creating and editing an app: a form or its JSON, both of one definition; the plan before anything is sent.
//
//   typed ──▶ definition ──▶ Preview: what differs, and the plan (dryRun) ──▶ Send
//                │                       │                                       │
//                ◀── 422: all errors, each beside its field ◀────────────────────┤
//                ◀── 409: somebody else changed it meanwhile: what, and two ways on
import { html, cls, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { api, inPath } from "../lib/api.js";
import { definitionOf, parseJson, pretty, same, sorted, updateOf } from "../lib/definition.js";
import { Diff } from "../lib/diff.js";
import { Form, isShown } from "../lib/form.js";
import { moment } from "../lib/format.js";
import { Command, Problem, word } from "../lib/parts.js";
import { Plan } from "../lib/plan.js";
import { navigate, toApp, toDeployment } from "../lib/router.js";
import { appSchema, unknownFields } from "../lib/schema.js";

const FRESH = { id: "", cmd: "", cpus: 0.1, mem: 128, instances: 1 };

export function Create({ query }) {
  const definition = { ...FRESH, id: query.id ?? (query.group && query.group !== "/" ? `${query.group}/` : "/") };
  return html`<${Editor} key="new" before=${{}} start=${definition} />`;
}

export function Edit({ id, query }) {
  const [loaded, setLoaded] = useState(null);
  const [error, setError] = useState(null);
  const load = async () => {
    try {
      const { app } = await api.get(`/v2/apps${inPath(id)}`);
      const from = query.version
        ? await api.get(`/v2/apps${inPath(id)}/versions/${encodeURIComponent(query.version)}`)
        : app;
      setLoaded({ before: definitionOf(app), start: definitionOf(from), version: app.version });
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => {
    load();
  }, [id, query.version]);
  if (error) return html`<div class="view"><${Problem} error=${error} /></div>`;
  if (!loaded) return html`<div class="empty" aria-busy="true">Fetching ${id} …</div>`;
  return html`<${Editor} key=${`${id} ${loaded.version}`} id=${id} ...${loaded} from=${query.version} />`;
}

function Editor({ id, before, start, version, from }) {
  const editing = id !== undefined;
  const [definition, setDefinition] = useState(start);
  const [text, setText] = useState(null); // of the JSON editor, while it is open
  const [schema, setSchema] = useState(null);
  const [preview, setPreview] = useState(null);
  const [problem, setProblem] = useState(null);
  const [conflict, setConflict] = useState(null);
  const [seen, setSeen] = useState(version);
  const [base, setBase] = useState(before);
  const [force, setForce] = useState(false);
  const [busy, setBusy] = useState(false);
  const top = useRef();
  const shown = useRef();

  useEffect(() => {
    appSchema().then(setSchema, () => {});
  }, []);
  useEffect(() => {
    if (preview) shown.current?.scrollIntoView({ block: "start" }); // it stands below the whole form
  }, [preview]);
  const change = (next) => {
    setDefinition(next);
    setPreview(null);
  };
  const parsed = useMemo(() => (text === null ? null : parseJson(text)), [text]);
  const broken =
    parsed?.error ??
    (parsed && (typeof parsed.value !== "object" || !parsed.value) ? "an app is an object: { … }" : null);
  const typeText = (next) => {
    setText(next);
    const { value } = parseJson(next);
    if (value && typeof value === "object") change(value);
  };
  const errors = useMemo(
    () => new Map((problem?.fields ?? []).map(({ path, errors: texts }) => [path, readable(texts)])),
    [problem],
  );
  const elsewhere = [...errors].filter(([path]) => text !== null || !isShown(path, definition));
  const unknown = schema ? unknownFields(definition, schema.fields) : [];

  const request = (query) => {
    const { body, partialUpdate } = editing ? updateOf(base, definition) : { body: definition };
    if (!editing) {
      const { cmd, ...rest } = body; // an empty command is none: an image may say what to run
      return api.post(`/v2/apps?${new URLSearchParams(query)}`, cmd === "" ? rest : body);
    }
    return api.put(`/v2/apps${inPath(id)}?${new URLSearchParams({ partialUpdate, ifVersion: seen, ...query })}`, body);
  };
  const attempt = async (work) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      if (error.status === 409 && error.body.version) await meet();
      else setProblem(error);
      setPreview(null);
      top.current?.scrollIntoView({ block: "start" });
    }
    setBusy(false);
  };
  const meet = async () => {
    const { app } = await api.get(`/v2/apps${inPath(id)}`);
    setConflict({ theirs: definitionOf(app), version: app.version });
  };
  const show = () => attempt(async () => setPreview(await request({ dryRun: true })));
  const send = () =>
    attempt(async () => {
      const answer = await request({ force });
      const deployment = answer.deploymentId ?? answer.deployments?.[0]?.id;
      navigate(deployment ? toDeployment(deployment) : toApp(id ?? answer.id));
    });
  const keepMine = () => {
    setBase(conflict.theirs);
    setSeen(conflict.version);
    setConflict(null);
  };
  const takeTheirs = () => {
    keepMine();
    change(conflict.theirs);
    if (text !== null) setText(pretty(conflict.theirs));
  };

  const unchanged = editing && same(base, definition);
  return html`<div class="view scroll" ref=${top}><div class="editor">
    <div class="headline"><h1>${editing ? html`Edit <a href=${toApp(id)}>${id}</a>` : "Create an app"}</h1>
      ${from && html`<span class="dim">from the version of ${moment(from)}</span>`}<span class="grow"></span>
      <div class="switch" role="group" aria-label="Edit as">
        <button class=${cls({ on: text === null })} aria-pressed=${text === null} disabled=${Boolean(broken)}
          onClick=${() => setText(null)}>Form</button>
        <button class=${cls({ on: text !== null })} aria-pressed=${text !== null}
          onClick=${() => text === null && setText(pretty(definition))}>JSON</button>
          </div></div>
    ${problem && html`<${Problem}
      error=${errors.size ? `The service refuses this: ${plural(errors.size)} to look at. Nothing was changed.` : problem} />`}
    ${
      problem?.body?.deployments &&
      html`<label class="check">
      <input type="checkbox" checked=${force}
        onChange=${(event) => setForce(event.target.checked)} /> Cancel the deployment that runs for this app</label>`}
    ${
      elsewhere.length > 0 &&
      html`<ul class="problem-list">${elsewhere.map(
        ([path, texts]) => html`<li>
      <code>${path}</code> ${texts.join("; ")}</li>`)}</ul>`}
    ${conflict && html`<${Conflict} conflict=${conflict} mine=${definition} keepMine=${keepMine}
      takeTheirs=${takeTheirs} />`}
    ${unknown.length > 0 && html`<p
      class="note warn">The service does not know ${unknown.map(([name, near], i) => html`${i > 0 && ", "}<code>
      ${name}</code>${near && html` (did you mean <code>${near}</code>?)`}`)}: it will not keep that.</p>`}
    ${
      text === null
        ? html`<${Form} definition=${definition} change=${change} errors=${errors} editing=${editing} />`
        : html`<${Json} text=${text} change=${typeText} broken=${broken} line=${parsed?.line} schema=${schema} />`}
    ${
      preview &&
      html`<section class="preview" ref=${shown} aria-label="What this will do"><h2>What this will do</h2>
      <${Plan} plan=${preview} />
      ${editing && html`<${Diff} left=${pretty(sorted(base))} right=${pretty(sorted(definition))} leftTitle="now"
        rightTitle="then" />`}</section>`}
    <div class="buttons footer">
      <${Command}>${`marathon deploy ${word(`${(definition.id || "app").split("/").pop() || "app"}.json`)}`}<//>
        <span class="grow"></span>
      <a class="button" href=${editing ? toApp(id) : "#/apps"}>Cancel</a>
      ${
        preview && !conflict
          ? html`<button class="button primary" disabled=${busy} onClick=${send}>
            ${editing ? "Change the app" : "Create the app"}</button>`
          : html`<button class="button primary" disabled=${busy || Boolean(broken) || unchanged || Boolean(conflict)}
            onClick=${show}>${unchanged ? "Nothing changed yet" : "Show the plan"}</button>`}
    </div>
  </div></div>`;
}

const plural = (n) => (n === 1 ? "one field" : `${n} fields`);

// Play's names of wrong types stand before the words that say it; what an id may be, Marathon says for programs.
const readable = (texts) =>
  texts.filter((text) => !/^error\./.test(text) || texts.length === 1).map((text) => text.replace(ID_RULE, SPELLING));

const ID_RULE = /^must fully match regular expression '\^\(\(\[a-z0-9\].*', but '(.*)' does not$/;
const SPELLING = "“$1” is no part of an id: lower case letters, digits, dots and dashes, none of the last two at an end";

function Conflict({ conflict, mine, keepMine, takeTheirs }) {
  return html`<section class="problem conflict" role="alert">
    <h2>Somebody else changed this app while you edited it</h2>
    <p>Their version is of ${moment(conflict.version)}. Nothing of yours was sent.</p>
    <${Diff} left=${pretty(sorted(conflict.theirs))} right=${pretty(sorted(mine))} leftTitle="theirs, as it is now"
      rightTitle="yours" />
    <div class="buttons left"><button class="button" onClick=${takeTheirs}>Drop mine, begin from theirs</button>
      <button class="button" onClick=${keepMine}>Keep mine, then look at the plan again</button></div>
  </section>`;
}

// schema: of the fields beside it; none: it stands alone.
export function Json({ text, change, broken, line, schema }) {
  const [find, setFind] = useState("");
  const rows = text.split("\n").length;
  const fields = (schema?.fields ?? []).filter((field) => field.name.toLowerCase().includes(find.toLowerCase()));
  return html`<div class="json-editor">
    <div class="grow">
      <div class=${cls("code", { wrong: broken })}>
        <pre class="gutter" aria-hidden="true">${Array.from({ length: rows }, (_, i) => html`<span
          class=${i + 1 === line ? "bad" : ""}>${i + 1}${"\n"}</span>`)}</pre>
        <textarea class="mono" aria-label="The definition as JSON" aria-invalid=${Boolean(broken)} spellcheck=${false}
          wrap="off" rows=${Math.max(18, rows + 1)} value=${text} onInput=${(event) => change(event.target.value)}
          onKeyDown=${indent}>
          </textarea>
      </div>
      ${broken && html`<p class="error" role="alert">${broken}</p>`}
    </div>
    ${schema !== undefined && html`<aside class="schema" aria-label="Fields of an app">
      <input type="search" placeholder="Fields of an app" aria-label="Search fields" value=${find}
        onInput=${(event) => setFind(event.target.value)} />
      <div class="schema-fields" tabindex="0" role="region" aria-label="Fields"><dl>${fields.map((field) => html`<div>
        <dt><code>${field.name}</code> <span class="dim">${field.type}</span>
        </dt>${(field.description || field.unless !== undefined) && html`<dd>
          ${field.description}${field.unless !== undefined && field.unless !== null && html` <span
          class="dim">Unless said: ${JSON.stringify(field.unless)}</span>`}</dd>`}</div>`)}</dl>
        </div></aside>`}
  </div>`;
}

// Enter keeps the indentation. (Tab moves on, as everywhere: whoever uses the keyboard must get out of the editor.)
function indent(event) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const area = event.currentTarget;
  const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
  const deeper = /[[{]\s*$/.test(line) ? "  " : "";
  area.setRangeText(`\n${/^\s*/.exec(line)[0]}${deeper}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
