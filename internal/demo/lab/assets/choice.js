// Selects whose choice is dear: a server starts anew for it.

const PAUSE = 800; // ms after the last key

/**
 * Calls apply with what was chosen: by Enter, when the focus goes elsewhere, or after a
 * pause, so that arrow keys lead past a choice without making it.
 */
export function onChoice(select, apply) {
  let late = 0;
  const now = () => {
    if (!late) return;
    clearTimeout(late);
    late = 0;
    delete select.dataset.pending;
    apply(select.value);
  };
  select.addEventListener("change", () => { clearTimeout(late); late = setTimeout(now, PAUSE); select.dataset.pending = ""; });
  select.addEventListener("keydown", e => { if (e.key === "Enter") now(); });
  select.addEventListener("blur", now);
}

/** Shows what is set, unless the reader is just choosing. */
export function showChoice(select, value) {
  if (!("pending" in select.dataset)) select.value = value;
}
