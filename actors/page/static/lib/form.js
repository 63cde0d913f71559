// The form of a definition. It writes into the definition what is typed, and leaves alone what it has no field for.
//
//   html`<${Form} definition=${definition} change=${setDefinition} errors=${errors} editing />`
//
// errors: Map of Marathon's paths ("/healthChecks(0)/path") → texts; each is shown beside its field.
import { html, useEffect, useState } from "./html.js";
import { SECTIONS, read, wirePath, write } from "./fields.js";

export function Form({ definition, change, errors, editing }) {
  const set = (at, value) => change(write(definition, at, value));
  return html`<div class="form">${SECTIONS.map((section) => html`<${Section} key=${section.title} section=${section}
    definition=${definition} set=${set} errors=${errors} editing=${editing} />`)}</div>`;
}

function Section({ section, definition, set, errors, editing }) {
  const used = (section.holds ?? []).some((name) => !isEmpty(definition[name]));
  const wrong = section.fields.some((field) => hasError(errors, wirePath(field.at)));
  const [open, setOpen] = useState(section.open || used);
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  return html`<details class="section" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${section.title}${wrong && html` <span class="badge bad">look here</span>`}</summary>
    ${open && section.fields.map((field) => html`<${Field} key=${field.at} field=${field} at=${field.at}
      value=${read(definition, field.at)} set=${set} errors=${errors} locked=${editing && field.lockedWhenEditing} />`)}
  </details>`;
}

const isEmpty = (value) =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

const hasError = (errors, path) =>
  [...errors.keys()].some((each) => each === path || each.startsWith(`${path}/`) || each.startsWith(`${path}(`));

// A field that shows its own errors, and, where it is drawn as one input, those of what lies below it.
function Field({ field, at, value, set, errors, locked }) {
  const path = wirePath(at);
  const name = `field-${at.replaceAll(".", "-")}`;
  const below = ["pairs", "words", "triples"].includes(field.kind);
  const mine = [...errors]
    .filter(([each]) => each === path || (below && (each.startsWith(`${path}/`) || each.startsWith(`${path}(`))))
    .flatMap(([, texts]) => texts);
  if (field.kind === "list")
    return html`<${List} field=${field} at=${at} value=${value} set=${set} errors=${errors} mine=${mine}
      name=${name} />`;
  const described = [field.help && `${name}-help`, mine.length && `${name}-error`].filter(Boolean).join(" ");
  const common = {
    id: name,
    name: at,
    disabled: locked,
    "aria-invalid": mine.length > 0,
    "aria-describedby": described || undefined,
  };
  return html`<div class=${`field ${field.kind} ${mine.length ? "wrong" : ""}`}>
    <label for=${name}>${field.title}${field.needed && html`<span class="dim" aria-hidden="true"> *</span>`}</label>
    <div class="control"><${Input} field=${field} value=${value} set=${(next) => set(at, next)} common=${common} />
      ${mine.length > 0 && html`<p class="error" id=${`${name}-error`}>${mine.join("; ")}</p>`}</div>
    ${field.help && html`<p class="help" id=${`${name}-help`}>${field.help}${field.unless !== undefined && html` <span
      class="nowrap">Unless said: ${field.unless}.</span>`}</p>`}
  </div>`;
}

function Input({ field, value, set, common }) {
  switch (field.kind) {
    case "number":
      return html`<span class="with-unit">
        <${NumberInput} field=${field} value=${value} set=${set} common=${common} />${field.unit && html`<span
          class="dim">${field.unit}</span>`}</span>`;
    case "check":
      return html`<input type="checkbox" ...${common} checked=${Boolean(value)}
        onChange=${(event) => set(event.target.checked || undefined)} />`;
    case "choice":
      return html`<select ...${common} onChange=${(event) => set(event.target.value || undefined)}>
        ${field.of.map((each) => html`<option value=${each} selected=${each === (value ?? field.of[0])}>
        ${each || "none"}</option>`)}</select>`;
    case "script":
      return html`<textarea ...${common} class="mono"
        rows=${Math.min(8, Math.max(2, String(value ?? "").split("\n").length))} spellcheck=${false}
        value=${value ?? ""} onInput=${(event) => set(event.target.value || undefined)}>
        </textarea>`;
    case "pairs":
      return html`<${Lines} value=${value} set=${set} common=${common} placeholder="NAME=value" show=${showPairs}
        parse=${parsePairs} />`;
    case "words":
      return html`<${Lines} value=${value} set=${set} common=${common} show=${(all) => (all ?? []).join("\n")}
        parse=${(lines) => lines} />`;
    case "triples":
      return html`<${Lines} value=${value} set=${set} common=${common} placeholder="hostname UNIQUE"
        show=${(all) => (all ?? []).map((each) => each.join(" ")).join("\n")} parse=${(lines) => lines.map(triple)} />`;
    default:
      return html`<input type="text" ...${common} value=${value ?? ""} autocomplete="off" spellcheck=${false}
        onInput=${(event) => set(event.target.value || undefined)} />`;
  }
}

// What is no number goes into the definition as it was typed: the service says what is wrong with it.
function NumberInput({ field, value, set, common }) {
  const [text, setText] = useState(value === undefined ? "" : String(value));
  useEffect(() => {
    if (Number(text) !== value) setText(value === undefined ? "" : String(value));
  }, [value]);
  const take = (event) => {
    const typed = event.target.value.trim();
    setText(event.target.value);
    set(typed === "" ? undefined : Number.isNaN(Number(typed)) ? typed : Number(typed));
  };
  return html`<input type="text" inputmode="decimal" ...${common} value=${text} placeholder=${field.unless ?? ""}
    onInput=${take} />`;
}

// Several lines that stand for a value; what is typed stays as it is until it is left.
function Lines({ value, set, common, show, parse, placeholder }) {
  const [text, setText] = useState(show(value));
  const [editing, setEditing] = useState(false);
  useEffect(() => {
    if (!editing) setText(show(value));
  }, [value, editing]);
  const take = (event) => {
    setText(event.target.value);
    const lines = event.target.value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    set(lines.length ? parse(lines) : undefined);
  };
  return html`<textarea ...${common} class="mono" rows=${Math.min(10, Math.max(2, text.split("\n").length + 1))}
    spellcheck=${false} placeholder=${placeholder} value=${text}
    onFocus=${() => setEditing(true)} onBlur=${() => setEditing(false)} onInput=${take}></textarea>`;
}

// Values that are no text (a secret: {"secret": "name"}) are shown as JSON and read as such again.
const showPairs = (pairs) =>
  Object.entries(pairs ?? {})
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");

function parsePairs(lines) {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      const [name, text] = at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1)];
      if (!text.startsWith("{")) return [name, text];
      try {
        return [name, JSON.parse(text)];
      } catch {
        return [name, text];
      }
    }),
  );
}

function triple(line) {
  const [field, operator, ...rest] = line.split(/\s+/);
  return [field, operator, rest.join(" ")].filter((part, i) => part !== undefined && (i < 2 || part !== ""));
}

function List({ field, at, value, set, errors, mine, name }) {
  const items = value ?? [];
  const add = () => set(at, [...items, field.fresh]);
  const remove = (i) => set(at, items.length > 1 ? items.filter((_, k) => k !== i) : undefined);
  return html`<div class="list" id=${name}>
    ${field.help && html`<p class="help">${field.help}</p>`}
    ${mine.length > 0 && html`<p class="error">${mine.join("; ")}</p>`}
    ${items.map((item, i) => html`<fieldset key=${i} class="item"><legend>${field.what} ${i + 1}</legend>
      ${field.fields.filter((inner) => !inner.when || inner.when(item)).map((inner) => html`<${Field} key=${inner.at}
        field=${inner} at=${`${at}.${i}.${inner.at}`} value=${read(item, inner.at)} set=${set} errors=${errors} />`)}
      <button type="button" class="quiet" onClick=${() => remove(i)}>Remove this ${field.what}</button></fieldset>`)}
    <button type="button" class="button" onClick=${add}>Add a ${field.what}</button>
  </div>`;
}

// The paths that the form shows errors of itself; all others are told above it.
export function isShown(path, definition) {
  return SECTIONS.some((section) =>
    section.fields.some((field) => {
      const own = wirePath(field.at);
      if (path === own) return true;
      if (["pairs", "words", "triples"].includes(field.kind))
        return path.startsWith(`${own}/`) || path.startsWith(`${own}(`);
      if (field.kind !== "list") return false;
      return (read(definition, field.at) ?? []).some((item, i) =>
        field.fields.some(
          (inner) => (!inner.when || inner.when(item)) && path === wirePath(`${field.at}.${i}.${inner.at}`),
        ),
      );
    }),
  );
}
