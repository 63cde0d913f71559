// Fetches again when told that something changed, never more than a share of the time.
//
//   const refresher = new Refresher(async () => { … });
//   refresher.ask()      at once if it rests; else once more when it may
//
// After a fetch that took t it rests SHARE × t, but at least REST: a fast server is asked often, a busy one seldom.
const REST = 100; // milliseconds
const SHARE = 24; // a viewer costs the service about a twenty-fifth of a core at the most

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
    setTimeout(() => {
      this._busy = false;
      if (this._again) this._run();
    }, Math.max(REST, took * SHARE));
  }
}
