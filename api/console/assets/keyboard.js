// Keys: the dialog `keys` lists them. None acts while somebody types, or in a dialog.

const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const GO_MS = 1500;
let goesUntil = 0;

const rows = () => [...document.querySelectorAll("main tr[data-href]")];

function move(step) {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function current() {
  return document.activeElement?.closest("tr[data-href]");
}

function open(row) {
  if (row) location.assign(row.dataset.href);
}

const KEYS = {
  "/": () => document.querySelector("[type=search]")?.focus(),
  "?": () => document.querySelector("#keys")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector("[type=checkbox]")?.click(),
  g: () => (goesUntil = performance.now() + GO_MS),
};

function act(event) {
  if (performance.now() < goesUntil) {
    goesUntil = 0;
    const link = document.querySelector(`.top [data-key="${CSS.escape(event.key)}"]`);
    link?.click();
    return link !== null;
  }
  if (event.key === "Enter" && event.target.matches("tr[data-href]")) {
    open(event.target);
    return true;
  }
  return Object.hasOwn(KEYS, event.key) && (KEYS[event.key](), true);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.closest(FIELDS)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (act(event)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  // A click on what acts by itself, or that ends a selection of text, is none on the row.
  const acts = event.target.closest("a, button, input, label, select, summary");
  if (!acts && getSelection().isCollapsed) open(event.target.closest("tr[data-href]"));
});

// On a phone the navigation is wider than the window.
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
