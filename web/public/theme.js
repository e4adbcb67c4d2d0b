// Runs before the first paint, so that a chosen theme never flashes.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("stab3l.theme");
  } catch {
    // Storage may be denied: then the system's choice stands.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
