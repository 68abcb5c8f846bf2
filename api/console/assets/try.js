// Follows a job until it has ended, and takes a file that is dropped or checks one that is chosen.

const progress = document.querySelector("[data-follow]");
const form = document.querySelector("form[data-drop]");

function follow(region) {
  const source = new EventSource(region.dataset.follow);
  source.addEventListener("region", (event) => {
    window.Idiomorph.morph(region, event.data, { morphStyle: "innerHTML" });
  });
  source.addEventListener("end", () => source.close());
}

function check(input) {
  const file = input.files[0];
  const largest = Number(input.dataset.largest);
  const tooLarge = file !== undefined && file.size > largest;
  input.setCustomValidity(tooLarge ? `This file has ${(file.size / 1e6).toFixed(1)} MB, more than the ${(largest / 1e6).toFixed(1)} MB that are taken.` : "");
  input.reportValidity();
}

if (progress) follow(progress);

if (form) {
  const input = form.querySelector('input[type="file"]');
  input.addEventListener("change", () => check(input));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
      check(input);
    }
  });
}
