// Prices that move while the page is open: server-sent events for the stocks that it shows. Without this script, or where
// the server has no stream to give, the page keeps the prices that it came with. What else depends on a quote, a chart or
// totals, listens for the event "quote".
const shown = document.querySelector("[data-live]");
const rows = new Map([...document.querySelectorAll("[id]")].filter(row => /^s\d{6}$/.test(row.id)).map(row => [row.id.slice(1), row]));
const MOST = 200; // codes that a stream may be asked for; beyond that it brings all stocks
const AGAIN = 60_000; // milliseconds until a stream is asked for again after one was refused
const still = matchMedia("(prefers-reduced-motion: reduce)");
let source, since = shown.dataset.version;

const signed = text => Number(text) ? (Number(text) < 0 ? text.replace("-", "−") : `+${text}`) + "%" : "0.00%";
const grouped = text => text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");

function put(row, part, text) {
  const cell = row.querySelector(part);
  if (cell) cell.textContent = text;
}

function show([code, price, change, turnover, volume, high, highOn, day, open, top, low]) {
  const row = rows.get(code);
  if (!row) return;
  const cell = row.querySelector(".price");
  const moved = Number(price) - Number(cell.textContent.replaceAll(",", ""));
  put(row, ".price", grouped(price));
  put(row, ".turnover", `${turnover}%`);
  put(row, ".volume", grouped(volume));
  put(row, ".high", grouped(high));
  put(row, ".date time", highOn);
  const figure = row.querySelector(".change");
  figure.textContent = signed(change);
  figure.className = `change ${Number(change) > 0 ? "up" : Number(change) < 0 ? "down" : "flat"}`;
  if (moved && !still.matches) cell.animate([{ color: `var(--${moved > 0 ? "up" : "down"})` }, {}], 1500);
  const detail = { code, price, high, highOn, bar: day && { time: day, open, high: top, low, close: price, volume } };
  document.dispatchEvent(new CustomEvent("quote", { detail }));
}

function open() {
  close();
  const codes = rows.size > MOST ? "" : [...rows.keys()];
  source = new EventSource(`${shown.dataset.live}?since=${since}&codes=${codes}`);
  source.addEventListener("quotes", ({ data, lastEventId }) => {
    since = lastEventId;
    JSON.parse(data).forEach(show);
  });
  source.addEventListener("error", ({ target }) => {
    if (target.readyState === EventSource.CLOSED) setTimeout(() => { if (source === target && !document.hidden) open(); }, AGAIN);
  });
}

function close() {
  source?.close();
  source = undefined;
}

// A page that nobody looks at needs no stream; it asks for what it missed when it is looked at again.
document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
addEventListener("pagehide", close);
addEventListener("pageshow", event => { if (event.persisted) open(); });
if (!document.hidden) open();
