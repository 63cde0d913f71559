// Fetches again when told that something changed, never more than a share of the time.
//
//   const refresher = new Refresher(async () => { … });
//   refresher.ask()      at once if it rests; else once more when it may
//
// After a fetch that took t it rests SHARE × t, between REST and LONGEST: a fast server is asked often, a busy one seldom.
const REST = 100; // milliseconds
const SHARE = 12; // half of that time is the network's and the browser's: a viewer costs a few percent of a core
const LONGEST = 3000; // on a slow network it is not the service that takes long

export class Refresher {
  constructor(fetch) {
    this._fetch = fetch;
    this._busy = false;
    this._again = false;
  }

  ask() {
    if (this._busy) {
      this._again = true;
      return;
    }
    this._run();
  }

  async _run() {
    this._busy = true;
    this._again = false;
    const began = performance.now();
    try {
      await this._fetch();
    } catch (error) {
      if (error.status === undefined) console.error(error); // what the API says of itself is shown elsewhere
    }
    const took = performance.now() - began;
    setTimeout(
      () => {
        this._busy = false;
        if (this._again) this._run();
      },
      Math.min(LONGEST, Math.max(REST, took * SHARE)),
    );
  }
}
