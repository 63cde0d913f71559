// A small chart of the last two minutes, by uPlot. Its colours are the page's.
import uPlot from "uplot";
import { html, useEffect, useRef } from "./html.js";

const HEIGHT = 92;

export function Chart({ title, value, times, values, show, colour }) {
  const place = useRef();
  const plot = useRef();
  useEffect(() => {
    const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: () => css("--dim"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { show: false }, font: `11px ${css("--sans")}` };
    plot.current = new uPlot({
      width: place.current.clientWidth || 300, height: HEIGHT, legend: { show: false }, cursor: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1e-9) * 1.15] } },
      axes: [{ ...axis, space: 70, size: 22 }, { ...axis, size: 58, space: 28, values: (_, ticks) => ticks.map(show) }],
      series: [{}, { stroke: () => css(colour), fill: () => `color-mix(in srgb, ${css(colour)} 14%, transparent)`, width: 1.5, points: { show: false } }],
    }, [times, values], place.current);
    const observer = new ResizeObserver(() => plot.current.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData([times, values]), [times, values]);
  return html`<figure class="panel chart"><figcaption><span>${title}</span><b>${value}</b></figcaption><div ref=${place} aria-hidden="true"></div></figure>`;
}
