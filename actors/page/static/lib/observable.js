// A value that views follow. set() tells its followers once per frame, however often it was called: a hundred events in
// one frame are one rendering.
import { useEffect, useState } from "preact/hooks";

export class Observable {
  constructor(value) {
    this.value = value;
    this._followers = new Set();
    this._asked = false;
  }

  set(value) {
    this.value = value;
    if (this._asked) return;
    this._asked = true;
    // Hidden tabs get no frames; they get the news when they are looked at, from the timer that they do get.
    if (document.hidden) setTimeout(() => this._tell(), 0);
    else requestAnimationFrame(() => this._tell());
  }

  _tell() {
    this._asked = false;
    for (const follower of this._followers) follower(this.value);
  }

  follow(follower) {
    this._followers.add(follower);
    return () => this._followers.delete(follower);
  }
}

export function useObservable(observable) {
  const [value, setValue] = useState(() => observable.value);
  useEffect(() => {
    const take = (next) => setValue(() => next); // which may be a function, and is not to be called
    take(observable.value);
    return observable.follow(take);
  }, [observable]);
  return value;
}

// The time, every second, for "14 s ago"; its timer runs only while somebody reads it.
export function useNow(every = 1000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

// Tells each event to each follower, at once.
export class Bus {
  constructor() {
    this._followers = new Set();
  }

  tell(...event) {
    for (const follower of this._followers) follower(...event);
  }

  follow(follower) {
    this._followers.add(follower);
    return () => this._followers.delete(follower);
  }
}
