// Node's own HTTP client against the server: fetch.mjs URL KEY SEQUENTIAL PARALLEL
// Prints one JSON object: the statuses that came, and how many connections were opened for them.
import diagnostics from "node:diagnostics_channel";

const [url, key, sequential, parallel] = process.argv.slice(2);

let connections = 0;
diagnostics.subscribe("undici:client:connected", () => ++connections);

async function send(eventId) {
  const answer = await fetch(`${url}/api/events/ingest`, {
    method: "POST",
    headers: { "X-API-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify({ eventId, eventName: "fetched", properties: { client: "fetch" } }),
  });
  const body = await answer.json();
  return body.eventId === eventId ? answer.status : `${answer.status} for ${body.eventId}`;
}

async function measured(requests) {
  const before = connections;
  const statuses = {};
  for (const status of await requests()) statuses[status] = (statuses[status] ?? 0) + 1;
  return { statuses, connections: connections - before };
}

const oneByOne = await measured(async () => {
  const statuses = [];
  for (let i = 0; i < Number(sequential); ++i) statuses.push(await send(`fetch-sequential-${i}`));
  return statuses;
});
const atOnce = await measured(() =>
  Promise.all(Array.from({ length: Number(parallel) }, (_, i) => send(`fetch-parallel-${i}`))),
);
console.log(JSON.stringify({ sequential: oneByOne, parallel: atOnce }));
