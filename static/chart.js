// The chart on a stock's page: daily candles or a line, volume below, a line at the previous high. Without this script
// the table of days says the same.
const { createChart, CandlestickSeries, LineSeries, HistogramSeries, LineStyle } = LightweightCharts;
const figure = document.querySelector(".chart");
const { bars, high, empty, failed, volume: volumeWord } = figure.dataset;
const ground = figure.querySelector(".ground");
const legend = figure.querySelector(".legend");
const RANGES = { month: 22, quarter: 66, year: 250 }; // trading days

// The library wants plain colours; the browser works out what the tokens come to in this theme.
function color(token, share = 100) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `color-mix(in srgb, var(${token}) ${share}%, transparent)`;
  const { color: found } = getComputedStyle(probe);
  probe.remove();
  const [red, green, blue, alpha = 1] = found.match(/[\d.]+/g).map(Number);
  const scale = found.startsWith("color(") ? 255 : 1;
  return `rgba(${[red, green, blue].map(part => Math.round(part * scale))}, ${alpha})`;
}

function state(text) {
  ground.textContent = text;
}

/** Turns columns into the rows that the library draws. */
function rowsOf({ day, open, high, low, close, volume }) {
  return day.map((time, at) => ({ time, open: open[at], high: high[at], low: low[at], close: close[at], volume: volume[at] }));
}

function draw(rows) {
  const chart = createChart(ground, {
    autoSize: true,
    layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily },
    localization: { locale: document.documentElement.lang, dateFormat: "yyyy-MM-dd" },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
    timeScale: { borderVisible: false, fixLeftEdge: true, fixRightEdge: true },
    handleScroll: { vertTouchDrag: false }, // a finger that moves down means the page
  });
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: false });
  const line = chart.addSeries(LineSeries, { lineWidth: 2, visible: false });
  const volume = chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  let rose, fell;
  const valued = ({ time, close }) => ({ time, value: close });
  const traded = row => ({ time: row.time, value: row.volume, color: row.close < row.open ? fell : rose });
  candles.setData(rows);
  line.setData(rows.map(valued));
  const marks = [candles, line].map(series => series.createPriceLine({ price: Number(high), lineWidth: 1, lineStyle: LineStyle.Dashed }));

  function dress() {
    const [up, down, soft, rule, accent] = ["--up", "--down", "--soft", "--rule", "--accent"].map(token => color(token));
    chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: soft },
      grid: { vertLines: { visible: false }, horzLines: { color: rule } },
    });
    candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    line.applyOptions({ color: accent });
    marks.forEach(mark => mark.applyOptions({ color: soft, axisLabelColor: soft, axisLabelTextColor: color("--paper") }));
    [rose, fell] = [color("--up", 40), color("--down", 40)];
    volume.setData(rows.map(traded));
  }

  function tell({ time, open, high, low, close, volume }) {
    const prices = [open, high, low, close].map(price => price.toFixed(2)).join(" · ");
    legend.textContent = `${time}  ${prices}  ${volumeWord} ${volume.toLocaleString("en")}`;
  }

  dress();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  tell(rows.at(-1));
  let pointed;
  chart.subscribeCrosshairMove(({ logical }) => {
    pointed = rows[logical];
    tell(pointed ?? rows.at(-1));
  });
  return {
    /** Ends the chart with this day as far as it has come, and moves the line at the previous high. */
    end(row, highest) {
      if (row.time < rows.at(-1).time) return;
      if (row.time === rows.at(-1).time) rows.pop();
      rows.push(row);
      candles.update({ ...row }); // a copy: the library makes an object of its time
      line.update(valued(row));
      volume.update(traded(row));
      marks.forEach(mark => mark.applyOptions({ price: highest }));
      if (!pointed || pointed.time === row.time) tell(row);
    },
    show(days) {
      chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, rows.length - days) - 0.5, to: rows.length - 0.5 });
    },
    kind(name) {
      candles.applyOptions({ visible: name === "candles" });
      line.applyOptions({ visible: name === "line" });
    },
  };
}

/** Makes one button of a group the pressed one. */
function press(button) {
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
}

/** Returns a quote's bar with numbers for text; a price that its day does not know yet widens the day. */
function barOf({ price, bar }) {
  const [open, high, low, volume] = [bar.open, bar.high, bar.low, bar.volume].map(Number);
  const close = Number(price);
  return { time: bar.time, open, high: Math.max(high, close), low: Math.min(low, close), close, volume };
}

async function start() {
  let rows, chart, last;
  document.addEventListener("quote", ({ detail }) => {
    last = detail; // one that comes before the bars waits for them
    if (chart && detail.bar) chart.end(barOf(detail), Number(detail.high));
  });
  try {
    const answer = await fetch(bars);
    if (!answer.ok) throw new Error(answer.statusText);
    rows = rowsOf(await answer.json());
  } catch {
    return state(failed);
  }
  if (!rows.length) return state(empty);
  ground.textContent = "";
  ground.classList.remove("state");
  chart = draw(rows);
  if (last?.bar) chart.end(barOf(last), Number(last.high));
  figure.querySelector(".switch").hidden = false;
  chart.show(RANGES.quarter);
  figure.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    press(button);
    if (button.value in RANGES) chart.show(RANGES[button.value]);
    else chart.kind(button.value);
  });
  document.querySelector(".days").open = false;
}

// --- how far the price is from the previous high -----------------------------------------------------------------
const range = document.querySelector(".range");

document.addEventListener("quote", ({ detail: { price, high, highOn } }) => {
  const percent = Number(high) ? (Number(price) / Number(high) - 1) * 100 : 0;
  const words = range.querySelector("p");
  range.querySelector(".part").setAttribute("width", Math.min(Math.max(100 + percent, 0), 100).toFixed(1));
  words.textContent = words.dataset[percent > 0 ? "up" : percent < 0 ? "down" : "flat"]
    .replace("{percent}", `${Math.abs(percent).toFixed(2)}%`).replace("{date}", highOn);
});

start();
