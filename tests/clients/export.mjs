// Node's fetch against the server: reads an export as it comes, and prints as JSON what it was.
//
//     node export.mjs URL_OF_THE_EXPORT TOKEN

const [url, token] = process.argv.slice(2);
const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
let rest = "", parts = 0;
const ids = [];
for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + part).split("\n");
  rest = lines.pop();
  ids.push(...lines.map((line) => JSON.parse(line).trackingEventId));
  ++parts;
}
console.log(JSON.stringify({
  status: answer.status,
  encoding: answer.headers.get("content-encoding"),
  ids: ids.length,
  distinct: new Set(ids).size,
  rest,
  parts,
}));
