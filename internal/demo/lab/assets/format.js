// How numbers are written, everywhere.

/** @returns {[string, string]} a time in microseconds: number and unit. */
export function time(us) {
  if (!us) return ["–", ""];
  if (us < 999.5) return [String(Math.round(us)), "µs"];
  if (us < 1e6) return [digits(us / 1000), "ms"];
  return [digits(us / 1e6), "s"];
}

/** Two or three digits, as many as a percentile is worth. */
export function digits(x) {
  return x < 10 ? x.toFixed(1) : x < 1000 ? String(Math.round(x)) : whole(x);
}

export const timeText = us => time(us).join(" ").trim();
export const whole = n => Math.round(n).toLocaleString("en");
export const percent = x => `${Math.round(100 * x)} %`;
export const sum = list => list.reduce((a, b) => a + b, 0);

/** Makes an element: el("p", {class: "x"}, "text", child). */
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  e.append(...children);
  return e;
}

/**
 * Says whether a button can do anything now. It keeps the focus: who has pressed it
 * does not lose their place.
 */
export function enable(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

/** A button that does nothing while it cannot, or while what it does is under way. */
export function button(label, attributes, press) {
  const b = el("button", { type: "button", "aria-disabled": "false", ...attributes, onclick: async () => {
    if (b.getAttribute("aria-disabled") === "true" || "pending" in b.dataset) return;
    b.dataset.pending = "";
    try { await press(b); } finally { delete b.dataset.pending; }
  } }, label);
  return b;
}

/** Writes text only where it has changed: layout is dear. */
export function put(e, text) {
  if (e.textContent !== text) e.textContent = text;
}
