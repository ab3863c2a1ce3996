// The list of places: ticks become `keep`, and the button saves it as a file.
const list = JSON.parse(document.getElementById("list").textContent);
const boxes = Array.from(document.querySelectorAll("input[data-place]"));

function update() {
  for (const box of boxes) {
    list.places[Number(box.dataset.place)].keep = box.checked;
    box.closest("li").classList.toggle("kept", box.checked);
  }
  const kept = boxes.filter((box) => box.checked).length;
  const count = document.getElementById("count");
  if (count) count.textContent = `${boxes.length - kept} set aside, ${kept} kept.`;
}

for (const box of boxes) box.addEventListener("change", update);
document.getElementById("save")?.addEventListener("click", () => {
  const link = document.getElementById("download");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(list, null, 1) + "\n"], { type: "application/json" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});
update();
