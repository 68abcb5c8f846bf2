// Keeps the selection of jobs while the table changes, and says how many are selected.

const form = document.getElementById("selection");
const selected = new Set();

function boxes() {
  return [...form.querySelectorAll('input[name="ids"]')];
}

// A morph may take a row away and bring it again, with a new box.
function restore() {
  for (const box of boxes()) box.checked = selected.has(box.value);
  describe();
}

function describe() {
  const all = document.getElementById("select-all")?.checked ?? false;
  const shown = boxes();
  const page = document.getElementById("select-page");
  if (page) {
    page.checked = shown.length > 0 && shown.every((box) => box.checked);
    page.indeterminate = !page.checked && selected.size > 0;
  }
  document.getElementById("selected").textContent = all
    ? "All that match"
    : selected.size > 0
      ? `${selected.size} selected`
      : "Select jobs";
  for (const button of form.querySelectorAll('button[name="action"]')) {
    button.disabled = !all && selected.size === 0;
  }
}

function choose(event) {
  const target = event.target;
  if (target.id === "select-page") {
    for (const box of boxes()) {
      if (target.checked) selected.add(box.value);
      else selected.delete(box.value);
    }
    restore();
  } else if (target.name === "ids") {
    if (target.checked) selected.add(target.value);
    else selected.delete(target.value);
    describe();
  } else if (target.id === "select-all") {
    describe();
  }
}

if (form?.querySelector(".bar")) {
  // A browser that comes back to the page has restored the boxes.
  for (const box of boxes()) if (box.checked) selected.add(box.value);
  form.addEventListener("change", choose);
  new MutationObserver(restore).observe(form.querySelector("[data-live]"), {
    childList: true,
    subtree: true,
    characterData: true,
  });
  describe();
}
