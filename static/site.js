// Watches in place, fetches the visitor's note, says what was done. Without this script the same buttons post the
// same forms and the page comes back.
const notice = document.querySelector(".flash");

// Other scripts say something by an event: document.dispatchEvent(new CustomEvent("say", { detail: "…" })).
document.addEventListener("say", ({ detail }) => {
  notice.textContent = "";
  // What is filled in a later frame is announced anew, and its animation starts again.
  requestAnimationFrame(() => { notice.textContent = detail ?? notice.dataset.failed; });
});
const say = text => document.dispatchEvent(new CustomEvent("say", { detail: text }));

// --- watching ------------------------------------------------------------------------------------------------
// What the server's marks.css says of a row at first, its own properties say from now on.
function mark(row, watched) {
  row.style.setProperty("--marked", watched ? "inline-block" : "none");
  row.style.setProperty("--unmarked", watched ? "none" : "inline-block");
}

async function watch(button) {
  const row = button.closest("[id^=s]");
  const watched = button.classList.contains("when-unmarked");
  const focused = document.activeElement === button;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(button.formAction, { method: "POST", headers: { Accept: "application/json" } });
    const told = await answer.json();
    // 409: it was so already, in another window perhaps.
    if (answer.ok || answer.status === 409) {
      mark(row, watched);
      if (focused) row.querySelector(watched ? "button.when-marked" : "button.when-unmarked").focus();
      showNote();
    }
    say(told.message);
  } catch {
    say();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", event => {
  const button = event.target.closest("button[form=watching]");
  if (!button) return;
  event.preventDefault();
  if (!button.hasAttribute("aria-busy")) watch(button);
});

// --- the note on a stock's page ------------------------------------------------------------------------------
const mine = document.querySelector("[data-mine]");

async function showNote() {
  if (!mine) return;
  const text = mine.querySelector(".text");
  try {
    const { note } = await (await fetch(mine.dataset.mine)).json();
    text.textContent = note || text.dataset.none;
    text.classList.toggle("none", !note);
  } catch {
    text.textContent = notice.dataset.failed;
  }
}

showNote();

// A page that comes back out of the browser's memory may have missed what was done elsewhere.
addEventListener("pageshow", event => {
  if (!event.persisted) return;
  document.querySelectorAll("[id^=s][style]").forEach(row => row.removeAttribute("style"));
  const marks = document.getElementById("marks");
  marks.href = `${marks.href.split("?")[0]}?${Date.now()}`;
  showNote();
});
