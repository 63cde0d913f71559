// A small chart of the last two minutes, by uPlot. Its colours are the page's.
import uPlot from "uplot";
import { clock } from "./format.js";
import { html, useEffect, useRef } from "./html.js";

const HEIGHT = 96;
// A time stands below the middle of its tick: where half of it would be cut off, there is none.
const clocks = (plot, ticks) =>
  ticks.map((tick) => (plot.valToPos(tick, "x") > plot.bbox.width / devicePixelRatio ? null : clock(tick * 1000)));

export function Chart({ title, value, times, values, show, colour, least }) {
  const place = useRef();
  const plot = useRef();
  useEffect(() => {
    const element = place.current;
    const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: () => css("--dim"),
      grid: { stroke: () => css("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${css("--sans")}`,
    };
    plot.current = new uPlot(
      {
        width: element.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [6, 26, 0, 0],
        scales: { y: { range: (_, low, high) => [0, Math.max((high ?? 0) * 1.15, least)] } },
        axes: [
          { ...axis, space: 90, size: 22, incrs: [5, 10, 20, 30, 60], values: clocks },
          { ...axis, size: 58, space: 28, values: (_, ticks) => ticks.map(show) },
        ],
        series: [
          {},
          {
            stroke: () => css(colour),
            fill: () => `color-mix(in srgb, ${css(colour)} 14%, transparent)`,
            width: 1.5,
            points: { show: false },
          },
        ],
      },
      [times, values],
      element,
    );
    const observer = new ResizeObserver(() => plot.current.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData([times, values]), [times, values]);
  return html`<figure class="panel chart"><figcaption><span>${title}</span><b>${value}</b></figcaption>
    <div ref=${place} aria-hidden="true"></div></figure>`;
}
