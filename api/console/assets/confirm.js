// Asks before what has `hx-confirm`, in a dialog. `data-consequence` says what it leads to.

const dialog = document.querySelector("#confirm");

document.body.addEventListener("htmx:confirm", (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question || !dialog) return;
  event.preventDefault();
  dialog.querySelector("#confirm-question").textContent = question;
  dialog.querySelector("#confirm-consequence").textContent = elt.dataset.consequence ?? "";
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = elt.dataset.yes ?? elt.textContent.trim() ?? "Yes";
  yes.className = elt.classList.contains("danger") ? "danger" : "primary";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && issueRequest(true), { once: true });
  dialog.showModal();
});
