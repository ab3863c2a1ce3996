// For browsers without JavaScript modules.
document.addEventListener("DOMContentLoaded", function () {
  document.getElementById("start").textContent = "This browser is too old for this page: it needs JavaScript modules, which browsers have since 2018.";
});
