// Notes edited in their place, stocks moved without a reload. Without this script the links and buttons lead to pages
// that do the same. Also counts a note's characters where one is typed.
const say = text => document.dispatchEvent(new CustomEvent("say", { detail: text }));

/** Sends a form's fields and returns whether it was done and what is said; throws if there is none. */
async function send(address, fields = {}) {
  const body = new URLSearchParams(fields);
  const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" }, body });
  return { ok: answer.ok, ...await answer.json() };
}

// --- counting as the server does: code points, a line end as one --------------------------------------------------
function count(area) {
  const counter = area.form.querySelector(".counter");
  const length = [...area.value].length;
  counter.value = `${length} / ${area.dataset.limit}`;
  counter.classList.toggle("over", length > Number(area.dataset.limit));
}

document.addEventListener("input", ({ target }) => { if (target.dataset.limit) count(target); });
document.querySelectorAll("textarea[data-limit]").forEach(count);

// --- a note in its place --------------------------------------------------------------------------------------
function edit(row, link) {
  const cell = row.querySelector(".note");
  const text = cell.querySelector(".text");
  if (cell.querySelector("form")) return cell.querySelector("textarea").focus();
  cell.append(document.getElementById("editor").content.cloneNode(true));
  const [form, area, refused] = [".editor", "textarea", ".refused"].map(part => cell.querySelector(part));
  const old = text.classList.contains("none") ? "" : text.textContent;
  area.value = old;
  count(area);
  text.hidden = true;
  area.focus();

  function close() {
    form.remove();
    text.hidden = false;
    link.focus();
  }

  form.addEventListener("submit", async event => {
    event.preventDefault();
    try {
      const told = await send(link.href, { note: area.value });
      if (told.ok) {
        text.textContent = area.value || text.dataset.none;
        text.classList.toggle("none", !area.value);
        close();
        return say(told.message);
      }
      refused.textContent = told.message;
    } catch {
      refused.textContent = document.querySelector(".flash").dataset.failed;
    }
    refused.hidden = false;
    area.setAttribute("aria-invalid", "true");
    area.focus();
  });
  form.querySelector(".cancel").addEventListener("click", close);
  form.addEventListener("keydown", event => { if (event.key === "Escape") close(); });
}

// --- order ------------------------------------------------------------------------------------------------------
function renumber() {
  document.querySelectorAll(".watched .order").forEach((cell, at) => {
    const [up, down] = cell.children;
    up.value = Math.max(at, 1);
    down.value = at + 2;
  });
}

async function move(button) {
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    const told = await send(button.formAction, { place: button.value });
    if (told.ok) {
      const row = button.closest("tr");
      const others = [...row.parentElement.children].filter(other => other !== row);
      row.parentElement.insertBefore(row, others[Number(button.value) - 1] ?? null);
      renumber();
      button.focus();
    }
    say(told.message);
  } catch {
    say();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// --- totals, as quotes move ---------------------------------------------------------------------------------------
const number = cell => Number(cell.textContent.replace("−", "-").replace(/[+%,]/g, ""));
const mean = figures => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
const signed = figure => {
  const text = figure.toFixed(2);
  return Number(text) ? `${figure > 0 ? "+" : ""}${text.replace("-", "−")}%` : "0.00%";
};

function total() {
  const [totals, listed] = [".totals", ".watched tbody"].map(part => document.querySelector(part));
  const column = part => [...listed.querySelectorAll(part)].map(number);
  const [changes, prices, highs] = [".change", ".price", ".high"].map(column);
  const change = mean(changes);
  for (const [part, count] of [[".up", changes.filter(each => each > 0).length], [".down", changes.filter(each => each < 0).length]]) {
    const words = totals.querySelector(`[data-words]${part}`);
    words.textContent = words.dataset.words.replace("{count}", count);
  }
  const figure = totals.querySelector(".change");
  figure.textContent = signed(change);
  figure.className = `change ${change > 0 ? "up" : change < 0 ? "down" : "flat"}`;
  totals.querySelector(".below").textContent = signed(mean(prices.map((price, at) => highs[at] ? (price / highs[at] - 1) * 100 : 0)));
}

// Many quotes come at a time, and are summed up once.
let due = false;
document.addEventListener("quote", () => {
  if (due || !document.querySelector(".totals")) return;
  due = true;
  queueMicrotask(() => { due = false; total(); });
});

document.addEventListener("click", event => {
  const button = event.target.closest("button[name=place]");
  const link = event.target.closest(".watched .edit a");
  if (!button && !link) return;
  event.preventDefault();
  if (button) move(button);
  else edit(link.closest("tr"), link);
});
