// The table of comments: the first ones at once, all of them on request, and a search over every cell.
(function () {
  "use strict";
  var table = document.getElementById("comments");
  if (!table) { return; }
  var rows = Array.prototype.slice.call(table.tBodies[0].rows);
  var search = document.getElementById("search"), found = document.getElementById("found");
  var all = document.getElementById("all");

  // 'déjà' is found by 'deja', and the other way round.
  function plain(text) { return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

  var texts = null;
  search.addEventListener("input", function () {
    texts = texts || rows.map(function (row) { return plain(row.textContent); });
    var words = plain(search.value).split(/\s+/).filter(Boolean), count = 0;
    rows.forEach(function (row, number) {
      row.hidden = !words.every(function (word) { return texts[number].indexOf(word) >= 0; });
      count += row.hidden ? 0 : 1;
    });
    table.classList.toggle("searched", words.length > 0);
    found.textContent = words.length ? count + " of " + rows.length : "";
  });
  if (all) {
    table.classList.add("folded");
    all.hidden = false;
    all.addEventListener("click", function () {
      table.classList.remove("folded");
      all.hidden = true;
    });
  }
  document.getElementById("searching").hidden = false;
})();
