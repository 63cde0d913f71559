// Definitions of apps: what of an app people write, and what the service adds.

// What the API shows with an app and nobody writes.
const ADDED = new Set([
  "tasks",
  "tasksStaged",
  "tasksRunning",
  "tasksHealthy",
  "tasksUnhealthy",
  "deployments",
  "lastTaskFailure",
  "readinessCheckResults",
  "taskStats",
  "version",
  "versionInfo",
  "uris",
  "fetchedAt",
]);

export const definitionOf = (app) => Object.fromEntries(Object.entries(app).filter(([name]) => !ADDED.has(name)));

export const pretty = (value) => JSON.stringify(value, null, 2);

export const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

// With keys in order, so that two documents differ only where they differ.
export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

// What to send for an edit: only what was edited, so that nobody else's change is undone and nothing is sent that was
// merely shown. A field that was removed can only be told by sending all of it.
export function updateOf(before, after) {
  const removed = Object.keys(before).some((key) => !(key in after));
  if (removed) return { body: after, partialUpdate: false };
  const body = Object.fromEntries(
    Object.entries(after).filter(([key, value]) => !(key in before) || !same(before[key], value)),
  );
  return { body, partialUpdate: true };
}

// What JSON.parse says, with line and column: "line 3, column 5: …"
export function parseJson(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const found = /position (\d+)/.exec(error.message);
    if (!found) return { error: error.message };
    const before = text.slice(0, Number(found[1])).split("\n");
    return {
      error: `line ${before.length}, column ${before.at(-1).length + 1}: ${error.message.replace(/ in JSON at position.*$/, "")}`,
      line: before.length,
    };
  }
}
