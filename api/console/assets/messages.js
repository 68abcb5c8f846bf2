// Shows what an action led to: the event `message` of an `HX-Trigger` header, and errors.

const LASTS_MS = 8000;

export function show(text, kind = "") {
  const message = document.createElement("p");
  const close = document.createElement("button");
  message.className = kind;
  message.append(text, close);
  close.className = "quiet";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close this message");
  close.addEventListener("click", () => message.remove());
  document.querySelector("#messages").append(message);
  // An error stays until somebody has read it.
  if (kind !== "error") setTimeout(() => message.remove(), LASTS_MS);
}

document.body.addEventListener("message", ({ detail }) => show(detail.text ?? detail.value, detail.kind));

document.body.addEventListener("htmx:responseError", ({ detail }) => {
  const answer = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  const reason = answer.querySelector("[role=alert]") ?? answer.body;
  show(reason.textContent.trim() || `The service answered ${detail.xhr.status}.`, "error");
});

document.body.addEventListener("htmx:sendError", () => show("The service cannot be reached.", "error"));
