// Puts the page of a recording together. The recording is in the page, or a file that the
// reader chooses.
import { lab, on } from "./live.js";
import { el, put } from "./format.js";
import * as guide from "./guide.js";
import * as page from "./page.js";
import { Player } from "./player.js";
import { parse, Unplayable } from "./recording.js";
import { Retelling, tourOf } from "./retell.js";
import { loadText } from "./service.js";
import * as transport from "./transport.js";
import { speak } from "./speak.js";

const at = id => document.getElementById(id);

/** What plays, for whoever wants to look at it from outside. */
export let player = null;

at("file").addEventListener("change", async () => open(await at("file").files[0].text()));
if (at("recording").textContent.trim()) open(at("recording").textContent.replace(/^\n/, ""));
else at("choose").hidden = false;

/** Plays a recording, or says why it cannot be played and lets another one be chosen. */
function open(text) {
  try {
    play(parse(text));
    at("choose").hidden = true;
    notice("");
  } catch (error) {
    if (!(error instanceof Unplayable)) throw error;
    at("choose").hidden = false;
    notice(error.message);
  }
}

function play(recording) {
  const tour = tourOf(recording);
  for (const id of ["about", "below"]) at(id).hidden = false;
  let retelling = { playing: () => false, asks: () => false };
  player = new Player(recording, () => transport.show(player));
  page.start(panels => { if (tour) retelling = new Retelling(tour, player, panels, farewell); }, { playing: () => retelling.playing(), asks: () => retelling.asks() }, true);
  for (const kind of ["state", "settings"]) on(kind, () => put(at("load"), loadText(lab.settings)));
  facts(recording.header);
  transport.start(player);
  player.go(0);
  if (tour) retelling.begin();
  else { page.tell("welcome", {}); player.play(); }

  function farewell() {
    const others = [...at("others").querySelectorAll("a")].map(a => el("a", { class: "button", href: a.href }, a.textContent));
    guide.farewell(tour, "That was recorded. With prefork on your own machine, the same tour runs live, and the lab is yours to disturb.", others,
      el("button", { type: "button", class: "primary", id: "tour-end", onclick: () => { guide.open(false); for (const p of page.panels) p.root.classList.remove("aside"); } }, "Look around"));
  }
}

/** Where and when it was recorded. */
function facts({ started, cpus, cpu_model: model, kernel, cut }) {
  const day = new Date(started).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  put(at("facts"), `Recorded on ${day}, ${cpus} × ${model.replace(/\((R|TM)\)/g, "").replace(" Processor", "")}, Linux ${kernel.split("-")[0]}${cut ? "; it ends for want of room" : ""}`);
}

function notice(text) {
  put(at("notice-text"), text);
  at("notice").hidden = text === "";
  if (text) speak(text);
}
