// Dialogs that say what they will do, and show what came of it.
//
//   openDialog((close) => html`<${ScaleDialog} app=${app} close=${close} />`)
//
// One at a time, in the browser's own modal <dialog>: focus stays inside, Escape closes it.
import { html, useEffect, useRef, useState } from "./html.js";
import { Observable, useObservable } from "./observable.js";
import { Problem } from "./parts.js";

const open = new Observable(null);

export const openDialog = (make) => open.set(make);
export const closeDialog = () => open.set(null);

export function Dialogs() {
  const make = useObservable(open);
  return make && html`<${Shell} key=${make} make=${make} />`;
}

function Shell({ make }) {
  const element = useRef();
  useEffect(() => {
    element.current.showModal();
  }, []);
  return html`<dialog ref=${element} class="dialog" aria-labelledby="dialog-title" onClose=${closeDialog}
    onClick=${(event) => event.target === element.current && closeDialog()}>${make(closeDialog)}</dialog>`;
}

// A dialog's usual form: a title, what it says, and two buttons. run() does it; what it raises is shown.
export function Confirm({ title, action, danger, ready = true, run, children }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await run();
      closeDialog();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return html`<form method="dialog" onSubmit=${submit}>
    <h2 id="dialog-title">${title}</h2>
    <div class="dialog-body">${children}<${Problem} error=${error} /></div>
    <div class="buttons">
      <button type="button" class="button" onClick=${closeDialog}>Cancel</button>
      <button class=${`button primary ${danger ? "danger" : ""}`} disabled=${busy || !ready}>
        ${busy ? "Sending …" : action}</button>
    </div>
  </form>`;
}
