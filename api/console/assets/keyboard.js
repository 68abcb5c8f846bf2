// Keys: "/" goes to the search.

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    document.querySelector('[type="search"]')?.focus();
  }
});
