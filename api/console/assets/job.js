// The page of a job: copies ids, zooms the image, and joins the fields with their boxes.

const [SMALLEST, LARGEST, STEP] = [0.25, 8, 1.25];
const picture = document.querySelector(".picture");
let zoom = 1;
let natural = null;

async function copy(button) {
  const text = document.getElementById(button.dataset.copyFrom).textContent;
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => { button.textContent = said; }, 1500);
}

function setZoom(wanted) {
  const pages = [...picture.querySelectorAll(".boxes")];
  if (pages.length === 0) return;
  natural ??= pages.find((page) => page.clientWidth > 0)?.clientWidth ?? 600;
  zoom = Math.min(LARGEST, Math.max(SMALLEST, wanted));
  for (const page of pages) page.style.inlineSize = zoom === 1 ? "" : `${natural * zoom}px`;
  picture.querySelector('[data-zoom="reset"]').textContent = `${Math.round(zoom * 100)} %`;
}

function zoomBy(how) {
  setZoom(how === "in" ? zoom * STEP : how === "out" ? zoom / STEP : 1);
}

function showPage(number) {
  for (const page of picture.querySelectorAll("[data-page]")) {
    page.hidden = page.dataset.page !== number;
    const image = page.querySelector("image[data-href]");
    if (image && !page.hidden) {
      image.setAttribute("href", image.dataset.href);
      image.removeAttribute("data-href");
    }
  }
}

function light(event) {
  const field = event.target.closest?.("[data-field]")?.dataset.field;
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (!field) return;
  for (const element of document.querySelectorAll(`[data-field="${field}"]`)) {
    element.classList.add("lit");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copyFrom) copy(button);
  if (button?.dataset.zoom) zoomBy(button.dataset.zoom);
});
document.addEventListener("mouseover", light);
document.addEventListener("focusin", light);
picture?.querySelector("[data-pages]")?.addEventListener("change", (event) => {
  showPage(event.target.value);
});
picture?.addEventListener("keydown", (event) => {
  if (event.target.closest("select")) return;
  const how = { "+": "in", "=": "in", "-": "out", "0": "reset" }[event.key];
  if (how) {
    event.preventDefault();
    zoomBy(how);
  }
});
