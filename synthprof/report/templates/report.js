"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const map = document.getElementById("map");
  const sizes = document.getElementById("sizes");
  const pick = document.getElementById("pick");
  const touch = matchMedia("(pointer: coarse)").matches;
  const config = { responsive: true, displaylogo: false, scrollZoom: false, displayModeBar: touch ? false : "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
  const count = (n) => n.toLocaleString("en");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const hue = (cluster) => data.colours[cluster][Number(night.matches)];
  let chosen = null;

  function theme() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"), fill: of("--fill"), target: of("--target"), font: getComputedStyle(document.body).fontFamily };
  }

  function layout(t, more) {
    return {
      paper_bgcolor: t.card, plot_bgcolor: t.card, showlegend: false, autosize: true,
      font: { family: t.font, size: 13, color: t.soft },
      hoverlabel: { align: "left", bgcolor: t.ink, bordercolor: t.ink, font: { family: t.font, size: 13, color: t.card } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: t.soft, activecolor: t.ink },
      ...more,
    };
  }

  function subset(want) {
    const p = data.points;
    const at = [...p.cluster.keys()].filter((i) => want === null || p.cluster[i] === want);
    return {
      type: "scatter", mode: "markers",
      x: at.map((i) => p.x[i]), y: at.map((i) => p.y[i]), hovertext: at.map((i) => p.text[i]),
      customdata: at.map((i) => p.cluster[i]), ids: at.map((i) => String(p.id[i])),
      marker: { color: at.map((i) => hue(p.cluster[i])), size: p.id.length > 800 ? 4.5 : 7, opacity: 0.85, line: { width: 0 } },
      hovertemplate: "%{hovertext}<br>cluster %{customdata}<extra></extra>",
    };
  }

  function drawMap() {
    const t = theme();
    const axis = { visible: false, zeroline: false };
    const all = subset(null);
    const traces = [all];
    if (chosen !== null) {
      all.marker = { ...all.marker, color: t.soft, opacity: 0.16 };
      all.hoverinfo = "skip";
      all.hovertemplate = null;
      const some = subset(chosen);
      some.marker.opacity = 1;
      some.marker.size += 2;
      traces.push(some);
    }
    return Plotly.react(map, traces, layout(t, {
      margin: { l: 0, r: 0, t: 0, b: 0 }, hovermode: "closest", dragmode: touch ? false : "zoom", uirevision: "map",
      xaxis: axis, yaxis: axis,
    }), config);
  }

  function drawSizes() {
    const t = theme();
    const bars = data.bars;
    const mean = data.rows / data.clusters;
    const colour = data.clusters > 60 ? t.fill : bars.cluster.map((c) => (data.colours && c in data.colours ? hue(c) : t.fill));
    return Plotly.react(sizes, [{
      type: "bar", x: bars.rank, y: bars.size, customdata: bars.cluster.map((c, i) => [c, 100 * bars.size[i] / data.rows]),
      marker: { color: colour, line: { width: 0 } },
      hovertemplate: "cluster %{customdata[0]}<br>%{y:,} " + data.noun + "s, %{customdata[1]:.2f} %<extra></extra>",
    }], layout(t, {
      margin: { l: 68, r: 4, t: 14, b: 40 }, bargap: bars.rank.length > 80 ? 0 : 0.15, dragmode: touch ? false : "zoom",
      xaxis: { title: { text: "rank" }, showgrid: false, zeroline: false, range: [0.4, data.clusters + 0.6], tickformat: ",d" },
      yaxis: { title: { text: data.noun + "s" }, gridcolor: t.line, zeroline: false, tickformat: ",d", rangemode: "tozero" },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: mean, y1: mean, line: { color: t.target, width: 1.5, dash: "dot" } }],
      annotations: [{ xref: "paper", x: 1, y: mean, xanchor: "right", yanchor: "bottom", showarrow: false, text: "mean " + count(Math.round(mean)), font: { color: t.target } }],
    }), config);
  }

  function draw() {
    return Promise.all([map && drawMap(), sizes && drawSizes()]);
  }

  function choose(cluster) {
    chosen = cluster;
    pick.value = cluster ?? "";
    drawMap();
  }

  function fillPick() {
    const seen = [...new Set(data.points.cluster)].sort((a, b) => a - b);
    for (const cluster of seen) {
      const size = data.sizes[cluster];
      pick.add(new Option((cluster < 0 ? "no cluster" : "cluster " + cluster) + (size === undefined ? "" : ", " + count(size) + " " + data.noun + "s"), cluster));
    }
    pick.parentElement.hidden = false;
    pick.addEventListener("change", () => choose(pick.value === "" ? null : Number(pick.value)));
    map.on("plotly_click", (event) => {
      const cluster = event.points[0].customdata;
      choose(cluster === chosen ? null : cluster);
    });
  }

  draw().then(() => {
    if (map) fillPick();
    night.addEventListener("change", draw);
    document.documentElement.dataset.ready = "yes";
  });
})();
