// The bar by which a recording is played: on and off, a frame further, how fast, and when.
import { el, put } from "./format.js";

const BACK = 2000; // ms

const at = id => document.getElementById(id);
const seconds = ms => (ms / 1000).toFixed(1);

/** Shows where the player is; for the player to call. */
export function show(player) {
  at("play").dataset.playing = String(player.playing);
  put(at("play-word"), player.playing ? "Pause" : "Play");
  at("play").setAttribute("aria-disabled", String(player.held));
  at("seek").value = player.t;
  at("seek").style.setProperty("--done", `${100 * player.t / Math.max(1, player.length)}%`);
  at("seek").setAttribute("aria-valuetext", `${seconds(player.t)} of ${seconds(player.length)} seconds`);
  put(at("time-out"), `${seconds(player.t)} / ${seconds(player.length)} s`);
}

/** Makes the bar for a player. */
export function start(player) {
  const answer = () => document.querySelector('#guide .side button[aria-disabled="false"], #tour-next')?.focus(); // it waits for that
  const toggle = () => player.held ? answer() : player.playing ? player.pause() : player.over ? again() : player.play();
  const again = () => { player.seek(0); player.play(); };
  const back = () => { const was = player.playing; player.seek(Math.max(0, player.t - BACK)); if (was) player.play(); };
  at("transport").hidden = false;
  at("seek").max = player.length;
  at("play").addEventListener("click", toggle);
  at("step").addEventListener("click", () => player.step());
  at("back").addEventListener("click", back);
  at("seek").addEventListener("input", () => player.seek(Number(at("seek").value)));
  at("speed").addEventListener("change", () => { player.speed = Number(at("speed").value); });
  at("ticks").replaceChildren(...player.events.filter(e => e.kind === "mark" && e.data.text).map(e =>
    el("i", { style: `left: ${100 * e.t / player.length}%`, title: `${seconds(e.t)} s · ${e.data.panel ? `${e.data.panel}: ` : ""}${e.data.text}` })));
  addEventListener("keydown", e => {
    if (e.target.closest?.("button, select, input, a, summary") || e.ctrlKey || e.metaKey || e.altKey) return;
    const does = { " ": toggle, ArrowRight: () => player.step(), ArrowLeft: back }[e.key];
    if (does) { e.preventDefault(); does(); }
  });
  show(player);
}
