// What an app's figures mean, in one place: its status and its health.
import { queue } from "./store.js";

// Marathon's words. An app that waits says why on its page.
export function statusOf(app, waiting = queue.value) {
  if (app.deployments?.length) {
    const item = waiting.get(app.id);
    if (item && item.count > 0) return item.delay.overdue ? "waiting" : "delayed";
    return "deploying";
  }
  if (app.instances === 0 && !running(app)) return "suspended";
  const item = waiting.get(app.id);
  if (item && item.count > 0) return item.delay.overdue ? "waiting" : "delayed";
  return "running";
}

export const STATUSES = ["running", "deploying", "waiting", "delayed", "suspended"];

// The parts of an app's bar: running ones by their health, then those on their way.
export function healthOf(app) {
  const { tasksHealthy: healthy = 0, tasksUnhealthy: unhealthy = 0, tasksStaged: staged = 0 } = app;
  const unknown = Math.max(0, running(app) - healthy - unhealthy);
  return { healthy, unhealthy, unknown, staged };
}

export const HEALTHS = ["healthy", "unhealthy", "unknown", "staged"];

export const running = (app) => app.tasksRunning ?? 0;
