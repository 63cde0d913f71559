// A row of links that is wider than a phone: the one that is open shall be seen.
//
//   const row = useInSight(current);
//   html`<nav ref=${row}>…<a class="on">…`
import { useEffect, useRef } from "./html.js";

export function useInSight(current) {
  const row = useRef();
  useEffect(() => {
    row.current.querySelector(".on")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return row;
}
