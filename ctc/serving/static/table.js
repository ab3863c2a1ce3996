// CSV in the format of `ctc predict`, with an extra column for corrections.
import { correctionOf } from "./gallery.js";

const COLUMNS = ["id", "label", "prediction_top", "confidence_top", "predictions_all"];
const PRESENT_COLUMN = "predictions_present";
const FACTS = ["datetime", "camera", "latitude", "longitude"];
const DIGITS = 6; // of the probabilities of all classes, as in `ctc predict`
const SOURCES = { datetime: "taken" };

// A row per event and label; `several`: whether there is a multi-label label.
export function predictionTable(events, several) {
  const header = [...COLUMNS, ...(several ? [PRESENT_COLUMN] : []), ...FACTS, "correction"];
  const rows = events.filter((event) => event.labels).flatMap((event) => rowsOf(event, several));
  return csv([header, ...rows]);
}

export function failureTable(photos) {
  return csv([["path", "reason"], ...photos.map(({ path, reason }) => [path, reason])]);
}

function rowsOf(event, several) {
  return Object.entries(event.labels).map(([label, { class: top, confidence, probabilities, present }]) => {
    const every = Object.entries(probabilities).map(([name, share]) => `${JSON.stringify(name)}: ${Number(share.toPrecision(DIGITS))}`);
    const there = several ? [present ? `[${present.map((name) => JSON.stringify(name)).join(", ")}]` : ""] : [];
    const cells = [event.id, label, top, confidence.toFixed(4), `{${every.join(", ")}}`, ...there];
    return [...cells, ...FACTS.map((name) => fact(event, name)), correctionOf(event, label)];
  });
}

// The value of the first photo of the event that has one.
function fact(event, name) {
  const source = SOURCES[name] ?? name;
  return event.photos.map(({ answer }) => answer?.[source]).find((value) => value !== null && value !== undefined) ?? "";
}

const csv = (rows) => rows.map((row) => `${row.map(cell).join(",")}\n`).join("");

const cell = (value) => `"${harmless(String(value)).replaceAll('"', '""')}"`;

// Text that a spreadsheet would run as a formula gets an apostrophe; numbers are unchanged: https://owasp.org/www-community/attacks/CSV_Injection
const harmless = (text) => (/^[=+\-@\t\r\n]/.test(text) && !/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text) ? `'${text}` : text);

// Starts a download.
export function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
