// Before anything else: a network that changes, or a service that starts again, drops what is under way, and without one
// of its modules the page stays empty. So it is loaded again, a few times in a row.
const TRIES = 5;

addEventListener(
  "error",
  (event) => {
    if (event.target.type !== "module") return;
    const tried = Number(sessionStorage.getItem("tried"));
    if (tried >= TRIES) return;
    sessionStorage.setItem("tried", tried + 1);
    setTimeout(() => location.reload(), 1000);
  },
  true, // errors of a script do not come up to the window
);
