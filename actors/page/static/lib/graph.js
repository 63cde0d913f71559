// Who waits for whom, drawn: dagre says where, the SVG is ours.
//
//   nodes   [{ id, kind: "app" | "group", state: "waiting" | "begun" | "ready", waitsFor: [id], … }]
//
// An edge goes from what is waited for to who waits; it lights up when the one has told the other.
import { Graph, layout } from "dagre";
import { html, useMemo } from "./html.js";

const WIDTH = 190;
const HEIGHT = 58;
const GATE = 26;

export function placed(nodes) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 64, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    const small = node.kind === "group";
    graph.setNode(node.id, { width: small ? GATE : WIDTH, height: small ? GATE : HEIGHT });
  }
  for (const node of nodes) for (const other of node.waitsFor) if (graph.hasNode(other)) graph.setEdge(other, node.id);
  layout(graph);
  const at = new Map(nodes.map((node) => [node.id, graph.node(node.id)]));
  const edges = graph
    .edges()
    .map(({ v, w }) => ({ from: v, to: w, points: fromSideToSide(graph.edge(v, w).points, at.get(v), at.get(w)) }));
  const { width = 0, height = 0 } = graph.graph();
  return { at, edges, width, height };
}

// dagre lets edges begin and end where they cross a box, often in its corner: ours leave at the right, arrive at the left.
const fromSideToSide = (points, from, to) => [
  { x: from.x + from.width / 2, y: from.y },
  ...(points.length > 3 ? points.slice(1, -1) : []), // between neighbours nothing is in the way
  { x: to.x - to.width / 2, y: to.y },
];

// A line through the points that leaves and arrives level.
function curve(points) {
  let path = `M${points[0].x},${points[0].y}`;
  for (let i = 1; i < points.length; i += 1) {
    const [from, to] = [points[i - 1], points[i]];
    const middle = (from.x + to.x) / 2;
    path += ` C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
  }
  return path;
}

export function DeploymentGraph({ nodes, apps, label, toNode }) {
  const shape = nodes.map((node) => `${node.id}<${node.waitsFor.join()}`).join(";");
  const { at, edges, width, height } = useMemo(() => placed(nodes), [shape]);
  const states = new Map(nodes.map((node) => [node.id, node.state]));
  return html`<svg class="graph" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="group"
    aria-label=${label}>
    <defs>${["waits", "lit"].map((kind) => html`<marker id=${`arrow-${kind}`} class=${kind} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"
        markerHeight="7" orient="auto">
      <path d="M0,0.5 L7,4 L0,7.5 z" /></marker>`)}</defs>
    <${Edges} edges=${edges.filter(({ from }) => states.get(from) !== "ready")} />
    <${Edges} edges=${edges.filter(({ from }) => states.get(from) === "ready")} lit />
    ${nodes.map((node) => (node.kind === "group" ? html`<${Gate} node=${node}
      at=${at.get(node.id)} />` : html`<${AppNode} node=${node} at=${at.get(node.id)} app=${apps.get(node.id)}
      to=${toNode(node.id)} />`))}
  </svg>`;
}

// Those that are lit lie above those that are not: several may end in one arrow.
function Edges({ edges, lit }) {
  const kind = lit ? "lit" : "waits";
  return html`<g>${edges.map(({ from, to, points }) => html`<path key=${`${from}>${to}`} class=${`edge ${kind}`}
    data-from=${from} data-to=${to} d=${curve(points)} marker-end=${`url(#arrow-${kind})`} pathLength=${lit ? 1 : undefined}>
    <title>${`${to} waits for ${from}${lit ? ": it has told it to go on" : ""}`}</title></path>`)}</g>`;
}

const WORDS = { waiting: "waits", begun: "at work", ready: "ready" };

function AppNode({ node, at, app, to }) {
  const stops = node.action === "StopApplication";
  const [done, wanted] = stops ? [node.state === "ready" ? 1 : 0, 1] : progressOf(app, node);
  const share = node.state === "ready" ? 1 : wanted ? Math.min(1, done / wanted) : 0;
  const name = node.id.split("#")[0];
  const figures = stops ? (node.state === "ready" ? "gone" : `${app?.tasksRunning ?? 0} left`) : wanted === null ? "" : `${done} of ${wanted}`;
  return html`<a href=${to} class=${`node ${node.state}`} data-node=${node.id}
    aria-label=${[`${name}: ${WORDS[node.state]}`, figures].filter(Boolean).join(", ")}
    transform=${`translate(${at.x - WIDTH / 2},${at.y - HEIGHT / 2})`}>
    <title>${name}</title>
    <rect class="box" width=${WIDTH} height=${HEIGHT} rx="7" />
    <circle class="light" cx="15" cy="18" r="4" />
    <text class="name" x="26" y="22">${shortened(name)}</text>
    <text class="state" x="15" y="41">${WORDS[node.state]}</text>
    <text class="figure" x=${WIDTH - 12} y="41" text-anchor="end">${figures}</text>
    <rect class="track" x="12" y=${HEIGHT - 9} width=${WIDTH - 24} height="3" rx="1.5" />
    <rect class="done" x="12" y=${HEIGHT - 9} width=${(WIDTH - 24) * share} height="3" rx="1.5" />
  </a>`;
}

// How many of its instances are there: healthy ones, if it has checks; while it is replaced, those of the new version.
function progressOf(app, node) {
  if (node.progress) return node.progress;
  if (!app) return [0, null]; // not fetched yet: nothing is known, which is not none
  return [app.healthChecks?.length ? app.tasksHealthy : app.tasksRunning, app.instances];
}

function Gate({ node, at }) {
  return html`<g class=${`gate ${node.state}`} data-node=${node.id} transform=${`translate(${at.x},${at.y})`} role="img"
    aria-label=${`group ${node.id}: ${WORDS[node.state]}`}>
    <title>${`${node.id.split("#")[0] || "/"}: goes on when all that it waits for is ready`}</title>
      <circle r=${GATE / 2 - 3} /><circle class="core" r="3.5" /></g>`;
}

const shortened = (name) => (name.length <= 24 ? name : `…${name.slice(-23)}`);
