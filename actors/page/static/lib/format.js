// Figures and moments as people read them.

export const number = (n) => (n ?? 0).toLocaleString("en-US", { maximumFractionDigits: 0 });

// 1536 MB → "1.5 GiB"
export function megabytes(mb) {
  const units = ["MiB", "GiB", "TiB", "PiB"];
  let value = mb ?? 0;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trimmed(value)} ${units[unit]}`;
}

export const cpus = (n) => trimmed(n ?? 0, 2);

export const trimmed = (value, digits = 1) => String(Number(value.toFixed(digits)));

// Seconds as the two largest units: 3661 → "1 h 1 min"
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 && s < 600 ? ` ${s % 60} s` : ""}`;
  if (s < 86400) return `${Math.floor(s / 3600)} h${s % 3600 >= 60 ? ` ${Math.floor((s % 3600) / 60)} min` : ""}`;
  return `${Math.floor(s / 86400)} d${s % 86400 >= 3600 ? ` ${Math.floor((s % 86400) / 3600)} h` : ""}`;
}

// Microseconds and up: 0.00042 → "420 µs"
export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds === 0) return "0 ms";
  if (seconds < 0.001) return `${trimmed(seconds * 1e6, 0)} µs`;
  if (seconds < 1) return `${trimmed(seconds * 1e3, 1)} ms`;
  return `${trimmed(seconds, 2)} s`;
}

export const secondsSince = (iso, now = Date.now()) => (iso ? (now - Date.parse(iso)) / 1000 : 0);

// "14 s ago"; the full moment belongs in a title beside it.
export const ago = (iso, now) => (iso ? `${span(secondsSince(iso, now))} ago` : "–");

export const moment = (iso) =>
  iso ? new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" }) : "–";

// The time of day of somebody who looks: all times of the page are of the same clock. `at`: as Date takes it.
export const clock = (at) => new Date(at).toTimeString().slice(0, 8);

// With milliseconds.
export const exactClock = (at) => `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;

export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;
