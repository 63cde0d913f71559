// What the service's OpenAPI document says of an app's fields: for the editor's help, and to point at misspelt ones.
import { api } from "./api.js";

let fetched;

// { schema, fields: [{ name, type, description, unless }], resolve(ref) }
export function appSchema() {
  fetched ??= api.get("/v2/openapi.json").then((document) => {
    const resolve = (schema) =>
      schema?.$ref
        ? resolve(
            schema.$ref
              .slice(2)
              .split("/")
              .reduce((inner, part) => inner[part], document),
          )
        : schema;
    const schema = resolve({ $ref: "#/components/schemas/AppDefinition" });
    const fields = Object.entries(schema.properties ?? {}).map(([name, each]) => {
      const inner = resolve(each);
      return { name, type: typeOf(inner, resolve), description: inner.description ?? "", unless: inner.default };
    });
    return { schema, fields: fields.sort((a, b) => (a.name < b.name ? -1 : 1)), resolve };
  });
  fetched.catch(() => (fetched = undefined));
  return fetched;
}

function typeOf(schema, resolve) {
  const options = schema.anyOf ?? schema.oneOf;
  if (options)
    return [...new Set(options.map((each) => typeOf(resolve(each), resolve)).filter((type) => type !== "null"))].join(
      " or ",
    );
  if (schema.enum) return schema.enum.join(", ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === "array") return `list of ${typeOf(resolve(schema.items ?? {}), resolve) || "anything"}`;
  return schema.type ?? "";
}

// The fields of a definition that the service will ignore, each with the nearest known name: [["instanecs", "instances"]]
export function unknownFields(definition, fields) {
  const known = fields.map((field) => field.name);
  return Object.keys(definition ?? {})
    .filter((name) => !known.includes(name))
    .map((name) => {
      const [nearest, far] = known
        .map((each) => [each, distance(name.toLowerCase(), each.toLowerCase())])
        .sort((a, b) => a[1] - b[1])[0] ?? ["", 99];
      return [name, far <= Math.max(2, name.length / 3) ? nearest : null];
    });
}

// Levenshtein's.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
