// Draws the report's figures from the JSON beside them; nothing is fetched.
(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var config = { displayModeBar: false, responsive: true, staticPlot: false };
  Object.keys(figures).forEach(function (name) {
    Plotly.newPlot("figure-" + name, figures[name].data, figures[name].layout, config);
  });
  // On paper a figure is as wide as the sheet.
  ["beforeprint", "afterprint"].forEach(function (moment) {
    addEventListener(moment, function () {
      Object.keys(figures).forEach(function (name) { Plotly.Plots.resize("figure-" + name); });
    });
  });
})();
