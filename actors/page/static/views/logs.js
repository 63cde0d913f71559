// What instances write, live: one, or all of them merged, with a colour for each. Dead ones stay readable.
//
// It follows only while one is at the bottom; who reads further up is told how much is new.
import { html, cls, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/html.js";
import { api } from "../lib/api.js";
import { plural } from "../lib/format.js";
import { useFetched } from "../lib/loading.js";
import { href, replace } from "../lib/router.js";
import { Tail } from "../lib/tail.js";
import { concerns } from "./app.js";
import { shortId } from "./instances.js";

const KEPT = 4000; // lines in the document
const BLOCK = 200; // lines that are drawn together: what is there already is not looked at again with each new line
const TOGETHER = 12; // instances whose output is merged
const COLOURS = 8;

// kind: "app" or "pod"; nameOf(id) is what the output of a task is called
export function Logs({ app, query, kind = "app", nameOf = shortId }) {
  const file = query.file === "stderr" ? "stderr" : "stdout";
  const { value } = useFetched(() => api.get(`/v2/logs?app=${encodeURIComponent(app.id)}`), [app.id], concerns(app.id));
  const living = useMemo(() => new Set(app.tasks.map((task) => task.id)), [app]);
  const known = useMemo(() => {
    const ids = value?.tasks ?? [...living];
    return [...ids].reverse();
  }, [value, living]);
  const alive = known.filter((id) => living.has(id)).slice(0, TOGETHER);
  const task = query.task ?? "";
  const tasks = task ? [task] : alive.length ? alive : known.slice(0, 1);
  const to = (change) => replace(href([kind, app.id, "logs"], { ...query, file, ...change }));
  return html`<div class="stack full">
    <div class="buttons left">
      <label class="field inline"><span>Instance</span>
        <select value=${task} onChange=${(event) => to({ task: event.target.value })}>
        <option value="">all ${alive.length} that run</option>
        ${known.map((id) => html`<option value=${id} selected=${id === task}>
          ${nameOf(id)}${living.has(id) ? "" : " (ended)"}</option>`)}
      </select></label>
      <div class="switch" role="group" aria-label="File">${["stdout", "stderr"].map((name) => html`<button
        class=${cls({ on: file === name })} aria-pressed=${file === name} onClick=${() => to({ file: name })}>
        ${name}</button>`)}</div>
      <label class="field inline grow"><span class="sr">Show lines with</span>
        <input type="search" placeholder="Only lines with …" value=${query.find ?? ""}
          onInput=${(event) => to({ find: event.target.value })} />
        </label>
    </div>
    <${Output} key=${`${tasks.join()} ${file}`} tasks=${tasks} file=${file} find=${query.find ?? ""}
      nameOf=${nameOf} />
  </div>`;
}

export function Output({ tasks, file, find = "", nameOf = shortId }) {
  const box = useRef();
  const [blocks, setBlocks] = useState([]);
  const [errors, setErrors] = useState({});
  const [unseen, setUnseen] = useState(0);
  const following = useRef(true);
  const number = useRef(0);

  useEffect(() => {
    let waiting = [];
    let asked = null;
    const flush = () => {
      asked = null;
      const fresh = waiting;
      waiting = [];
      look(); // a scroll that was not told of yet must not be undone
      if (!following.current) setUnseen((n) => n + fresh.length);
      // Who reads further up must not have the ground taken away: only at the bottom old lines go.
      setBlocks((old) => {
        const all = grown(old, fresh);
        return following.current || count(all) > 3 * KEPT ? newest(all) : all;
      });
    };
    const tails = tasks.map(
      (task, colour) =>
        new Tail(
          task,
          file,
          (texts) => {
            for (const text of texts) waiting.push({ key: number.current++, task, colour: colour % COLOURS, text });
            asked ??= setTimeout(flush, 50);
          },
          (error) => setErrors((old) => (old[task] === error?.message ? old : { ...old, [task]: error?.message })),
        ),
    );
    return () => {
      clearTimeout(asked); // what is shown is gone by then
      tails.forEach((tail) => tail.stop());
    };
  }, []);

  const shown = useMemo(() => count(blocks, find), [blocks, find]);
  // Before anything else runs: between new lines and this, the end that was followed would not look like the end.
  useLayoutEffect(() => {
    if (following.current) box.current.scrollTop = box.current.scrollHeight;
  }, [blocks, find]);
  const look = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    following.current = scrollHeight - scrollTop - clientHeight < 8;
    if (following.current) setUnseen(0);
  };
  const follow = () => {
    following.current = true;
    setUnseen(0);
    box.current.scrollTop = box.current.scrollHeight;
  };
  const words = Object.entries(errors).filter(([, error]) => error);
  return html`<div class="log-box">
    ${words.map(([task, error]) => html`<p class="dim note">${tasks.length > 1 && html`<b>
      ${nameOf(task)}</b> `}${error}</p>`)}
    <pre class="log" ref=${box} onScroll=${look} tabindex="0" role="log"
      aria-label=${`${file} of ${plural(tasks.length, "instance")}`} aria-live="off">${blocks.map((lines) => html`<${Block}
      key=${lines[0].key} lines=${lines} find=${find} nameOf=${tasks.length > 1 ? nameOf : null} />`)}</pre>
    ${unseen > 0 && html`<button class="button primary new-lines" onClick=${follow}>
      ${plural(unseen, "new line")}</button>`}
    ${shown === 0 && words.length === 0 && html`<p class="dim note">
      ${find && blocks.length ? "No line has that." : `Nothing on ${file} yet.`}</p>`}
  </div>`;
}

// The same elements as before are the same to Preact, which passes them over.
function Block({ lines, find, nameOf }) {
  return useMemo(
    () => matching(lines, find).map((line) => html`<div
      key=${line.key}>${nameOf && html`<span class=${`who c${line.colour}`}>
      ${nameOf(line.task)}</span>`}${line.text}</div>`),
    [lines, find, Boolean(nameOf)],
  );
}

const matching = (lines, find) => (find ? lines.filter((line) => line.text.includes(find)) : lines);

const count = (blocks, find = "") => blocks.reduce((sum, lines) => sum + matching(lines, find).length, 0);

function grown(blocks, fresh) {
  const all = [...blocks];
  let rest = fresh.slice(-KEPT);
  if (all.length && all.at(-1).length < BLOCK) rest = all.pop().concat(rest);
  for (let at = 0; at < rest.length; at += BLOCK) all.push(rest.slice(at, at + BLOCK));
  return all;
}

// As many of the newest blocks as hold what is kept. (Part of a block would be drawn anew.)
function newest(blocks) {
  let surplus = count(blocks) - KEPT;
  let first = 0;
  while (surplus >= blocks[first]?.length) surplus -= blocks[first++].length;
  return blocks.slice(first);
}
