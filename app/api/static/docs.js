// Shows the OpenAPI document. The Swagger UI that we have knows OpenAPI 3.0 only: 3.1 says "or null" in other words.
"use strict";

function asOpenApi30(value) {
  if (Array.isArray(value)) return value.map(asOpenApi30);
  if (value === null || typeof value !== "object") return value;
  const found = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asOpenApi30(part)]));
  if (Array.isArray(found.type)) {
    found.nullable = found.type.includes("null");
    found.type = found.type.find((type) => type !== "null");
  }
  if (Array.isArray(found.anyOf) && found.anyOf.some((part) => part.type === "null")) {
    found.allOf = found.anyOf.filter((part) => part.type !== "null");
    found.nullable = true;
    delete found.anyOf;
  }
  return found;
}

fetch("/api/v1/openapi.json")
  .then((reply) => reply.json())
  .then((spec) =>
    SwaggerUIBundle({
      spec: { ...asOpenApi30(spec), openapi: "3.0.3" },
      dom_id: "#docs",
      deepLinking: true,
      validatorUrl: null,
    })
  );
