// Puts the live lab's page together: what it shows, what can be set, and what a link sets.
import { connect, lab, on, set } from "./live.js";
import { put } from "./format.js";
import * as link from "./link.js";
import * as page from "./page.js";
import * as controls from "./controls.js";
import * as tour from "./tour.js";
import { speak } from "./speak.js";

const at = id => document.getElementById(id);
const REFUSED = 6000; // ms for which a refusal is shown

let refusal = "", refused = 0;

const asked = new URLSearchParams(location.search);
present(asked.has("present"));
at("present").addEventListener("click", () => present(!document.documentElement.classList.contains("present")));
at("notice-close").addEventListener("click", () => notice(""));
addEventListener("hashchange", () => { if (location.hash !== link.write(lab.settings)) restore(); });

page.start(begin, tour);
on("settings", address);
on("refusal", ({ panel, reason }) => { refusal = reason; page.panels.find(p => p.name === panel)?.refuse(reason); });
on("online", online);
on("refused", reason => {
  if (refusal && reason.includes(refusal)) return; // its panel says so
  clearTimeout(refused);
  refused = setTimeout(online, REFUSED);
  warn(reason);
});

/** Says whether there is a connection to the lab, and whether it is recorded. */
function online() {
  warn(lab.online ? "" : "no connection to the lab; trying again …");
  if (lab.online && lab.recording) put(at("link"), "● recording");
}

function warn(text) {
  put(at("link"), text);
  at("link").title = text;
  at("link").classList.toggle("off", text !== "");
  if (text) speak(text);
}

/** Says something that stays until it is closed: of a link that cannot be followed. */
function notice(text) {
  put(at("notice-text"), text);
  at("notice").hidden = text === "";
  if (text) speak(text);
}

/** Larger, for a lecture, or as it was; the address says which. */
function present(on) {
  document.documentElement.classList.toggle("present", on);
  at("present").setAttribute("aria-pressed", String(on));
  if (on === asked.has("present")) return;
  on ? asked.set("present", "") : asked.delete("present");
  address();
}

/** Keeps in the address bar what a link to this has to say. */
function address() {
  const query = asked.toString().replace(/=(&|$)/g, "$1");
  history.replaceState(null, "", `${location.pathname}${query && `?${query}`}${tour.playing() || !lab.settings ? location.hash : link.write(lab.settings)}`);
}

/** Sets what the link says, all of it or nothing. */
async function restore() {
  let reason = "";
  try { reason = await set(link.parse(location.hash), "link"); } catch (error) { reason = error.message; }
  if (reason) notice(`This link cannot be followed: ${reason}. Nothing was changed.`);
  address();
}

function begin(panels) {
  const wanted = asked.get("tour");
  tour.start(panels, wanted);
  if (tour.names.includes(wanted)) return;
  page.tell("welcome", {});
  if (wanted !== null) notice(`There is no tour “${wanted}”. There are ${tour.names.join(", ")}.`);
  else if (location.hash.length > 1) restore();
}

controls.start();
connect();
