// Fetches again when told that something changed, never more than a share of the time.
//
//   const refresher = new Refresher(async () => { … });
//   refresher.ask()      at once if it rests; else once more when it may
//   refresher.stop()     not any more
//
// Who could not be reached (an error of status 0) is asked again without being told to: no event may ever come.
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

  stop() {
    this._stopped = true;
  }

  async _run() {
    this._busy = true;
    this._again = false;
    const began = performance.now();
    let lost = false;
    try {
      await this._fetch();
    } catch (error) {
      lost = error.status === 0;
      this._again ||= lost;
      if (error.status === undefined) console.error(error); // what the API says of itself is shown elsewhere
    }
    const took = performance.now() - began;
    setTimeout(
      () => {
        this._busy = false;
        if (this._again && !this._stopped) this._run();
      },
      lost ? LONGEST : Math.min(LONGEST, Math.max(REST, took * SHARE)),
    );
  }
}
