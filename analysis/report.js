// Draws the report's figures from the JSON beside them; nothing is fetched.
(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var config = { displayModeBar: false, responsive: true, staticPlot: false };
  Object.keys(figures).forEach(function (name) {
    Plotly.newPlot("figure-" + name, figures[name].data, figures[name].layout, config);
  });
  // On paper a closed list is a lost list, and a figure is as wide as the sheet.
  var closed = [];
  addEventListener("beforeprint", function () {
    closed = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    closed.forEach(function (list) { list.open = true; });
    Object.keys(figures).forEach(function (name) { Plotly.Plots.resize("figure-" + name); });
  });
  addEventListener("afterprint", function () {
    closed.forEach(function (list) { list.open = false; });
    Object.keys(figures).forEach(function (name) { Plotly.Plots.resize("figure-" + name); });
  });
})();
