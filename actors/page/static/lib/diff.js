// Two texts side by side: the longest common subsequence of their lines.
import { html, useMemo } from "./html.js";

// [[left, right, kind]]: kind is "same", "changed", "added" or "removed"; the side without a line has null.
export function diffLines(left, right) {
  const a = left.split("\n");
  const b = right.split("\n");
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const rows = [];
  let [i, j] = [0, 0];
  let [cut, added] = [[], []];
  const flush = () => {
    for (let k = 0; k < Math.max(cut.length, added.length); k += 1) {
      const [l, r] = [cut[k] ?? null, added[k] ?? null];
      rows.push([l, r, l === null ? "added" : r === null ? "removed" : "changed"]);
    }
    [cut, added] = [[], []];
  };
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      flush();
      rows.push([a[i], b[j], "same"]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      cut.push(a[i]);
      i += 1;
    } else {
      added.push(b[j]);
      j += 1;
    }
  }
  flush();
  return rows;
}

const AROUND = 3; // unchanged lines shown beside a change

export function Diff({ left, right, leftTitle, rightTitle, all }) {
  const rows = useMemo(() => diffLines(left, right), [left, right]);
  const near = useMemo(() => {
    const shown = new Set();
    rows.forEach((row, i) => {
      if (row[2] !== "same") for (let k = i - AROUND; k <= i + AROUND; k += 1) shown.add(k);
    });
    return shown;
  }, [rows]);
  if (rows.every((row) => row[2] === "same") && !all) return html`<p class="dim note">The two are the same.</p>`;
  const kept = rows.map((row, i) => [row, i]).filter(([, i]) => all || near.has(i));
  return html`<div class="diff-box" tabindex="0" role="region"
    aria-label=${`What differs between ${leftTitle} and ${rightTitle}`}>
    <table class="diff">
    <thead><tr><th scope="col">${leftTitle}</th><th scope="col">${rightTitle}</th></tr></thead>
    <tbody>${kept.map(
      ([[l, r, kind], i], k) => html`
      ${k > 0 && kept[k - 1][1] !== i - 1 && html`<tr class="gap"><td colspan="2">⋯</td></tr>`}
      <tr class=${kind}>
        <td>${l !== null && kind !== "same" && html`<span class="sr">removed: </span>`}<code>${l ?? ""}</code></td>
        <td>${r !== null && kind !== "same" && html`<span class="sr">added: </span>`}<code>${r ?? ""}</code></td>
        </tr>`)}</tbody>
  </table></div>`;
}
