// Requests to the server that the page came from.
//
//   await api.get("/v2/apps")                 the decoded answer
//   await api.put("/v2/apps/x", definition)   raises ApiError with what the API said, field by field
//
// A server that cannot be reached is an ApiError with status 0.

export class ApiError extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body ?? {};
  }

  // Marathon's 422: [{ path: "/instances", errors: ["must not be negative"] }]
  get fields() {
    const details = this.body.details;
    return Array.isArray(details) ? details.filter((d) => d && d.path !== undefined) : [];
  }
}

async function request(method, path, body, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      signal: options.signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the service cannot be reached");
  }
  const text = await answer.text();
  let decoded;
  try {
    decoded = text ? JSON.parse(text) : null;
  } catch {
    decoded = { message: text.slice(0, 500) };
  }
  if (!answer.ok) {
    const said = decoded?.message ?? answer.statusText;
    const more = typeof decoded?.details === "string" ? `: ${decoded.details}` : "";
    throw new ApiError(answer.status, said + more, decoded);
  }
  return decoded;
}

export const api = {
  get: (path, options) => request("GET", path, undefined, options),
  post: (path, body, options) => request("POST", path, body, options),
  put: (path, body, options) => request("PUT", path, body, options),
  remove: (path, options) => request("DELETE", path, undefined, options),
};

// "/shop/cart" as part of a path: its slashes stay, everything else is escaped.
export const inPath = (id) => id.split("/").map(encodeURIComponent).join("/");
