// Follows one file of a sandbox: the end of it first, then what is appended.
//
//   const tail = new Tail(task, file, (lines) => …, (error) => …);  …  tail.stop();
//
// Lines are handed over whole; one that is still being written waits for its end, but not longer than PATIENCE.
import { api } from "./api.js";

const BEGIN = 64 * 1024; // bytes from the end
const CHUNK = 256 * 1024;
const REST = 500; // milliseconds between looks at a file that does not grow
const PATIENCE = 2; // looks

export class Tail {
  constructor(task, file, onLines, onError) {
    Object.assign(this, { task, file, onLines, onError });
    this._next = -BEGIN;
    this._part = "";
    this._idle = 0;
    this._look();
  }

  stop() {
    this._stopped = true;
    clearTimeout(this._timer);
  }

  async _look() {
    let more = false;
    try {
      const first = this._next < 0;
      const length = first ? BEGIN : CHUNK;
      const answer = await api.get(
        `/v2/logs/${encodeURIComponent(this.task)}/${this.file}?offset=${this._next}&length=${length}`,
      );
      if (this._stopped) return;
      this._take(answer.data, first && answer.offset > 0);
      more = answer.next < answer.size;
      this._next = answer.next;
      this.onError(null);
    } catch (error) {
      if (this._stopped) return;
      this.onError(error);
    }
    this._timer = setTimeout(() => this._look(), more ? 0 : document.hidden ? 5 * REST : REST);
  }

  _take(text, cut) {
    const lines = (this._part + text).split("\n");
    this._part = lines.pop();
    if (cut) lines.shift(); // begins in the midst of a line
    this._idle = text ? 0 : this._idle + 1;
    if (this._part && this._idle >= PATIENCE) {
      lines.push(this._part);
      this._part = "";
    }
    if (lines.length) this.onLines(lines);
  }
}
