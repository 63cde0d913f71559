// Versions of apps and of pods, which the service keeps in the same way below different paths.
import { api, inPath } from "./api.js";

const APPS = {
  list: async (id) => (await api.get(`/v2/apps${inPath(id)}/versions`)).versions,
  at: (id, version) => api.get(`/v2/apps${inPath(id)}/versions/${encodeURIComponent(version)}`),
};

const PODS = {
  list: (id) => api.get(`/v2/pods${inPath(id)}::versions`),
  at: (id, version) => api.get(`/v2/pods${inPath(id)}::versions/${encodeURIComponent(version)}`),
};

export const versionsOf = { app: APPS, pod: PODS };
