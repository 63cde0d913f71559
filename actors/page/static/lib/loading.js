// Fetching for one view: what it shows, why it cannot, and again when something changed.
import { useEffect, useRef, useState } from "./html.js";
import { Refresher } from "./refresher.js";
import { connection, events } from "./store.js";

// useFetched(fetch, keys, concerns?) → { value, error, refresh }
//
// Fetches when the view opens, when a key changes, when an event comes for which concerns(type, data) holds, and when
// the connection is back. What was fetched for an earlier key is thrown away.
export function useFetched(fetch, keys, concerns) {
  const [state, setState] = useState({ value: null, error: null });
  const refresher = useRef(null);
  const isConcerned = useRef(concerns);
  isConcerned.current = concerns;

  useEffect(() => {
    let current = true;
    setState((old) => (old.value === null ? old : { value: null, error: null }));
    const mine = new Refresher(async () => {
      try {
        const value = await fetch();
        if (current) setState({ value, error: null });
      } catch (error) {
        if (current) setState((old) => ({ value: error.status === 0 ? old.value : null, error }));
        if (error.status === 0) throw error; // to be asked again
      }
    });
    refresher.current = mine;
    mine.ask();
    const leave = [
      events.follow((type, data) => isConcerned.current?.(type, data) && mine.ask()),
      connection.follow((now) => now === "live" && mine.ask()),
    ];
    return () => {
      current = false;
      mine.stop();
      for (const each of leave) each();
    };
  }, keys);

  return { ...state, refresh: () => refresher.current?.ask() };
}
