// For those who hear the page: one place from which all is said, one thing at a time.

const place = document.getElementById("said");

export function speak(text) { place.textContent = text; }
