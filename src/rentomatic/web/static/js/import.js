/**
 * The import of a listing: its upload with a progress bar, and the answer of the server in place.
 *
 * Without this the form is sent by the browser itself. With it the file stays chosen, so that after a
 * preview it can be imported at once.
 */

const form = /** @type {HTMLFormElement} */ (document.getElementById("import"));
const answer = /** @type {HTMLElement} */ (document.getElementById("answer"));
const progress = /** @type {HTMLElement} */ (document.getElementById("progress"));
const bar = /** @type {HTMLProgressElement} */ (document.getElementById("uploaded"));
const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const told = /** @type {HTMLElement} */ (document.getElementById("told"));
const cancel = /** @type {HTMLButtonElement} */ (document.getElementById("cancel"));

/** What is said where the server, or a proxy before it, answers without a page of this kind. @type {Record<number, string>} */
const REASONS = {
  0: "The file did not arrive: the connection was lost, or the file was changed after you chose it. Nothing was imported. Choose it again.",
  413: "The file is too large.",
  429: "Too many requests. Try again in a second.",
  503: "The server is too busy or cannot reach its storage. Try again in a moment.",
};

const LOST_LATE =
  "The connection was lost after the file had arrived. It may have been imported: preview it again to check.";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  send(button?.value === "import");
});

/**
 * Send the form and show what the server says.
 * @param {boolean} forGood whether to import, or only to look
 */
function send(forGood) {
  const file = /** @type {HTMLInputElement} */ (form.elements.namedItem("listing")).files?.[0];
  if (!file) return fail("Choose a file.");
  if (file.size > Number(form.dataset.most)) return fail(REASONS[413]);
  const data = new FormData(form);
  data.set("act", forGood ? "import" : "preview");
  const request = new XMLHttpRequest(); // fetch cannot tell how much was uploaded
  let arrived = false;
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", (event) => uploaded(event.loaded, event.total));
  request.upload.addEventListener("load", () => {
    arrived = true;
    working(forGood);
  });
  request.addEventListener("load", () => show(request));
  request.addEventListener("error", () => fail(arrived && forGood ? LOST_LATE : REASONS[0]));
  request.addEventListener("abort", () => fail("Cancelled. Nothing was imported."));
  cancel.onclick = () => request.abort();
  begin();
  request.send(data);
}

function begin() {
  answer.replaceChildren();
  setBusy(true);
  cancel.hidden = false;
  uploaded(0, 0);
  progress.scrollIntoView({ block: "nearest" });
  cancel.focus();
}

/** @param {number} bytes @param {number} total 0 where it is not known yet */
function uploaded(bytes, total) {
  const percent = total ? Math.floor((100 * bytes) / total) : 0;
  bar.value = percent;
  stage.textContent = `Uploading: ${percent} %`;
  if (percent % 25 === 0) told.textContent = stage.textContent; // not every percent is worth saying aloud
}

/** The file is there. @param {boolean} forGood whether it is being loaded, which nothing stops any more */
function working(forGood) {
  bar.removeAttribute("value");
  stage.textContent = forGood ? "Loading the rooms …" : "Checking the lines …";
  told.textContent = stage.textContent;
  cancel.hidden = forGood;
}

/** @param {XMLHttpRequest} request that was answered */
function show(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const found = page.getElementById("answer");
  if (!found?.firstElementChild) return fail(REASONS[request.status] ?? said(page) ?? `The server answered ${request.status}.`);
  setBusy(false);
  document.title = page.title;
  answer.replaceChildren(...found.childNodes);
  for (const hint of answer.querySelectorAll("[data-without-script]")) hint.remove();
  answer.focus();
}

/** @param {Document} page that is none of an import, such as that of a key that was taken back */
function said(page) {
  const text = page.querySelector(".notice.problem")?.textContent?.trim();
  return text || undefined;
}

/** @param {string} reason */
function fail(reason) {
  setBusy(false);
  const notice = document.createElement("p");
  notice.className = "notice problem";
  notice.role = "alert";
  notice.textContent = reason;
  answer.replaceChildren(notice);
  answer.scrollIntoView({ block: "nearest" });
  answer.focus();
}

/** @param {boolean} busy */
function setBusy(busy) {
  progress.hidden = !busy;
  for (const button of form.querySelectorAll("button")) button.disabled = busy;
}
