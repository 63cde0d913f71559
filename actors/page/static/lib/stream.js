// Server-sent events that come back by themselves.
//
//   const stream = new Stream("/v2/events", TYPES, { onOpen, onEvent, onLost });
//   stream.open(); … stream.close();
//
// A stream says what happens, not what is: whoever follows one fetches everything in onOpen, also after a break.
const FIRST_PAUSE = 300; // milliseconds; doubled up to
const LAST_PAUSE = 3000;

export class Stream {
  constructor(url, types, { onOpen, onEvent, onLost }) {
    Object.assign(this, { url, types, onOpen, onEvent, onLost });
    this._pause = FIRST_PAUSE;
  }

  open() {
    this.close();
    const source = new EventSource(this.url);
    this._source = source;
    source.onopen = () => {
      this._pause = FIRST_PAUSE;
      this.onOpen();
    };
    source.onerror = () => {
      source.close(); // the browser's own way of trying again gives up for good after an HTTP error
      if (this._source !== source) return;
      this.onLost();
      this._timer = setTimeout(() => this.open(), this._pause);
      this._pause = Math.min(this._pause * 2, LAST_PAUSE);
    };
    const take = (event) => this.onEvent(event.type, JSON.parse(event.data));
    for (const type of this.types) source.addEventListener(type, take);
  }

  close() {
    clearTimeout(this._timer);
    this._source?.close();
    this._source = null;
  }
}
