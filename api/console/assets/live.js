// Keeps the element with data-live up to date while somebody can see it.

const region = document.querySelector("[data-live]");
let source = null;

function follow() {
  source = new EventSource(region.dataset.live);
  source.addEventListener("region", (event) => {
    window.Idiomorph.morph(region, event.data, { morphStyle: "innerHTML" });
    window.htmx.process(region);
  });
}

function followWhileVisible() {
  if (document.visibilityState === "hidden") {
    source?.close();
    source = null;
  } else if (source === null) {
    follow();
  }
}

if (region) {
  document.addEventListener("visibilitychange", followWhileVisible);
  followWhileVisible();
}
