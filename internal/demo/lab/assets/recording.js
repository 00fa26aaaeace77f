// Reads a recording, and refuses one that is not whole or was changed: what is played has
// to be what was counted. (The format: internal/demo/recording in the sources.)

const SCHEMA = "prefork.recording/v1";

/** What is wrong with a recording, for the reader. */
export class Unplayable extends Error {}

/** @returns {{header, events: {t, kind, data}[]}} of the text of a recording; t is ms since its beginning. */
export function parse(text) {
  const end = text.indexOf("\n") + 1, lines = text.slice(end);
  const header = json(text.slice(0, end));
  if (!String(header?.schema || "").startsWith("prefork.recording/")) throw new Unplayable("This is no recording of the lab.");
  if (header.schema !== SCHEMA) throw new Unplayable(`This recording is of another version: it is ${header.schema}, and this page plays ${SCHEMA}. Make it anew with prefork demo --web --record.`);
  const bytes = new TextEncoder().encode(lines);
  if (bytes.length < header.bytes) throw new Unplayable(`This recording is cut short: of ${header.bytes} bytes ${bytes.length} are there. Nothing of it is played.`);
  if (bytes.length !== header.bytes || crc32(bytes) !== header.crc32) throw new Unplayable("This recording was changed after it was made, so its numbers may not be what was counted. Nothing of it is played.");
  const events = lines.trimEnd().split("\n").map(json).map(e => Array.isArray(e) ? { t: e[0], kind: e[1], data: e[1] === "frame" ? e[2].map(frame) : e[2] } : null);
  if (events.length !== header.events || events.includes(null) || events[0]?.kind !== "state") throw new Unplayable("This recording cannot be understood.");
  return { header, events };
}

function json(line) {
  try { return JSON.parse(line); } catch { return null; }
}

/** A panel of a frame, with the names that the live lab gives its parts. */
function frame([a, d, l, q, workers]) {
  const w = [];
  for (let i = 0; i < workers.length; i += 4) w.push(workers.slice(i, i + 4));
  return { a, d, l, q, w };
}

/** The checksum of gzip and PNG, as eight hexadecimal digits. */
export function crc32(bytes) {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (~c >>> 0).toString(16).padStart(8, "0");
}
