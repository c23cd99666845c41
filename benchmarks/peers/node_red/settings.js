// Node-RED without editor: it runs flows.json and nothing else. The values come from benchmarks/node_red.py.
module.exports = {
  uiPort: process.env.PORT,
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  httpAdminRoot: false,
  disableEditor: true,
  credentialSecret: false,
  logging: { console: { level: "warn" } },
  telemetry: { enabled: false },
};
