// What every view is written with: Preact's elements as tagged templates.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
export { Fragment, render } from "preact";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

// Class names that hold: cls("row", { late: true }) is "row late".
export const cls = (...names) =>
  names.flatMap((n) => (n && typeof n === "object" ? Object.keys(n).filter((k) => n[k]) : n || [])).join(" ");
