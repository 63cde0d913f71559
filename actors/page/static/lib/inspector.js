// The observer's feed: all actors every second, with rates worked out from one picture to the next. It is open only
// while the view is, so that nobody pays for it otherwise.
import { Observable } from "./observable.js";
import { Stream } from "./stream.js";

export const inspected = new Observable(null); // the last picture; actors have `rate` (messages per second)
export const feed = new Observable("connecting");
export const trend = new Observable({ times: [], rates: [], lags: [], depths: [] });
const KEPT = 120;

let before = null;

function take(_, picture) {
  const seconds = before ? picture.at - before.at : 0;
  const counted = new Map(before?.actors.map((actor) => [actor.path, actor.messages]));
  for (const actor of picture.actors) {
    const known = counted.get(actor.path);
    actor.rate = seconds > 0 && known !== undefined ? Math.max(0, actor.messages - known) / seconds : 0;
  }
  const sums = new Map(before?.classes.map((each) => [each.class, each.messages]));
  for (const each of picture.classes)
    each.rate = seconds > 0 && sums.has(each.class) ? Math.max(0, each.messages - sums.get(each.class)) / seconds : 0;
  picture.rate = picture.classes.reduce((total, each) => total + each.rate, 0);
  picture.depth = picture.classes.reduce((total, each) => total + each.depth, 0);
  before = picture;
  inspected.set(picture);
  const push = (list, value) => [...list, value].slice(-KEPT);
  const { times, rates, lags, depths } = trend.value;
  trend.set({
    times: push(times, picture.at),
    rates: push(rates, picture.rate),
    lags: push(lags, picture.loop.longest),
    depths: push(depths, picture.depth),
  });
}

const stream = new Stream("/observer/feed", ["actors"], {
  onOpen: () => feed.set("live"),
  onEvent: take,
  onLost: () => {
    before = null;
    feed.set("lost");
  },
});

export function watchActors() {
  stream.open();
  return () => {
    stream.close();
    before = null;
  };
}

// One actor: onActor(details) each second until the function that it returns is called.
export function watchActor(path, onActor, onGone) {
  const one = new Stream(`/observer/actor?path=${encodeURIComponent(path)}`, ["actor"], {
    onOpen() {},
    onEvent: (_, details) => onActor(details),
    onLost: onGone,
  });
  one.open();
  return () => one.close();
}
