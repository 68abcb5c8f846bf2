// Keeps the element with data-live up to date while somebody can see it.

const LOGIN = "/console/login";
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const TEXTS = { live: "Live", paused: "Paused while hidden", broken: "Not live: the service does not answer" };
// The server knows of no box that somebody has ticked, and would clear it.
const KEEP_TICKS = { beforeAttributeUpdated: (name) => name !== "checked" };
const region = document.querySelector("[data-live]");
let source = null;
let timer = null;
let wait = FIRST_WAIT_MS;

function say(state) {
  const hint = document.querySelector("#live");
  if (!hint || hint.dataset.state === state) return;
  hint.dataset.state = state;
  hint.textContent = TEXTS[state];
}

function follow() {
  timer = null;
  source = new EventSource(region.dataset.live);
  source.addEventListener("open", () => say("live"));
  source.addEventListener("region", (event) => {
    wait = FIRST_WAIT_MS;
    window.Idiomorph.morph(region, event.data, { morphStyle: "innerHTML", callbacks: KEEP_TICKS });
    window.htmx.process(region);
  });
  source.addEventListener("error", () => {
    stop();
    retry();
  });
}

function stop() {
  source?.close();
  source = null;
  clearTimeout(timer);
  timer = null;
}

// Whether the session has ended, which the error of an EventSource does not say.
async function hasLoggedOut() {
  try {
    const page = await fetch(location.href, { redirect: "manual" });
    return page.type === "opaqueredirect";
  } catch {
    return false;
  }
}

async function retry() {
  say("broken");
  timer = setTimeout(follow, wait);
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  if (await hasLoggedOut()) {
    stop();
    location.assign(`${LOGIN}?${new URLSearchParams({ next: location.pathname + location.search })}`);
  }
}

function followWhileVisible() {
  if (document.visibilityState === "hidden") {
    stop();
    say("paused");
  } else if (source === null && timer === null) {
    wait = FIRST_WAIT_MS;
    follow();
  }
}

if (region) {
  document.addEventListener("visibilitychange", followWhileVisible);
  followWhileVisible();
}
