// A table of any length: only the rows in sight are in the document.
//
//   html`<${Table} columns=${columns} rows=${rows} rowKey=${(row) => row.id} label="Apps" />`
//
//   column   { key, title, cell: (row) => node, sort: (row) => value, class }
//
// Rows are all of one height (--row of the style). Screen readers are told the true count and each row's place.
import { html, useLayoutEffect, useMemo, useRef, useState } from "./html.js";
import { replace, useRoute, href } from "./router.js";

const OVERSCAN = 8; // rows above and below what is in sight

export function Table({ columns, rows, rowKey, label, empty, height = 36, rowClass }) {
  const box = useRef();
  const [view, setView] = useState({ top: 0, height: 900 });
  const route = useRoute();
  const sorted = useSorted(rows, columns, route.query.sort);

  useLayoutEffect(() => {
    const element = box.current;
    let asked = false;
    const look = () => {
      asked = false;
      setView((old) => {
        const top = Math.floor(element.scrollTop / height) * height;
        return old.top === top && old.height === element.clientHeight ? old : { top, height: element.clientHeight };
      });
    };
    const ask = () => {
      if (!asked) requestAnimationFrame(look);
      asked = true;
    };
    const observer = new ResizeObserver(ask);
    observer.observe(element);
    element.addEventListener("scroll", ask, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", ask);
    };
  }, [height]);

  const from = Math.max(0, Math.floor(view.top / height) - OVERSCAN);
  const to = Math.min(sorted.length, Math.ceil((view.top + view.height) / height) + OVERSCAN);
  const shown = sorted.slice(from, to);
  const slots = useSlots(shown.map(rowKey));
  const drawn = useDrawn();
  const sortBy = (key) => {
    const next = route.query.sort === key ? `-${key}` : route.query.sort === `-${key}` ? "" : key;
    replace(href(route.path, { ...route.query, sort: next }));
  };

  // Beside other things it may shrink to a few rows, but not leave room for more than there are.
  const least = sorted.length ? `${Math.min(120, 36 + sorted.length * height)}px` : undefined;
  return html`<div class="table-box" ref=${box} tabindex="0" role="region" aria-label=${label} onKeyDown=${walk}
    style=${{ minHeight: least }}>
    <table class="table" aria-rowcount=${sorted.length + 1}>
      <thead><tr aria-rowindex="1">${columns.map((column) => html`<${Head} column=${column} sort=${route.query.sort}
        onSort=${sortBy} />`)}</tr>
        </thead>
      <tbody>
        ${from > 0 && html`<tr aria-hidden="true" class="space" style=${{ height: `${from * height}px` }}>
          <td colspan=${columns.length}></td></tr>`}
        ${shown.map((row, i) => drawn(slots[i], [row, columns, from + i, rowClass?.(row), height]))}
        ${to < sorted.length && html`<tr aria-hidden="true" class="space" style=${{ height: `${(sorted.length - to) * height}px` }}>
          <td colspan=${columns.length}></td></tr>`}
      </tbody>
    </table>
    ${sorted.length === 0 && html`<div class="empty">${empty ?? "Nothing here."}</div>`}
  </div>`;
}

// A slot for each row in sight. A row keeps its slot, and so its element with the focus in it, for as long as it is in
// sight; rows that come take the slots of rows that went: scrolling changes texts instead of making rows.
function useSlots(keys) {
  const taken = useRef(new Map());
  const next = new Map();
  for (const key of keys) if (taken.current.has(key)) next.set(key, taken.current.get(key));
  const kept = new Set(next.values());
  let free = 0;
  for (const key of keys) {
    if (next.has(key)) continue;
    while (kept.has(free)) free += 1;
    kept.add(free);
    next.set(key, free);
  }
  taken.current = next;
  return keys.map((key) => next.get(key));
}

// Draws a row in its slot. A row of which nothing has changed is the same node as before, which Preact leaves alone: a
// step of the scrolling draws the rows that come into sight, and an event those of which it tells.
function useDrawn() {
  const last = useRef(new Map());
  return (slot, parts) => {
    const known = last.current.get(slot);
    if (known?.parts.every((part, i) => part === parts[i])) return known.node;
    const [row, columns, index, name, height] = parts;
    const node = html`<tr key=${slot} aria-rowindex=${index + 2} class=${name} style=${{ height: `${height}px` }}>
      ${columns.map((column) => html`<td class=${column.class}>${column.cell(row)}</td>`)}</tr>`;
    last.current.set(slot, { parts, node });
    return node;
  };
}

function Head({ column, sort, onSort }) {
  const direction = sort === column.key ? "ascending" : sort === `-${column.key}` ? "descending" : "none";
  if (!column.sort) return html`<th scope="col" class=${column.class}>${column.title}</th>`;
  return html`<th scope="col" class=${column.class} aria-sort=${direction}>
    <button class="sort" onClick=${() => onSort(column.key)}>${column.title}<span class="arrow" aria-hidden="true">
      ${{ ascending: "↑", descending: "↓" }[direction] ?? ""}</span>
      </button>
  </th>`;
}

function useSorted(rows, columns, sort) {
  const key = sort?.replace(/^-/, "");
  const by = columns.find((column) => column.key === key)?.sort;
  return useMemo(() => {
    if (!by) return rows;
    const sign = sort.startsWith("-") ? -1 : 1;
    return rows
      .map((row) => [by(row), row])
      .sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0))
      .map(([, row]) => row);
  }, [rows, by, sort]);
}

// Up and down go from row to row by the link in each.
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input, select, textarea")) return;
  const rows = [...event.currentTarget.querySelectorAll("tbody tr:not(.space)")];
  const links = rows.map((row) => row.querySelector("a, button")).filter(Boolean);
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  event.preventDefault();
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))].focus();
}
