const find = document.getElementById("find"), found = document.getElementById("found");
const cards = [...document.querySelectorAll(".card")];
if (cards.length > 1) find.closest(".tools").hidden = false;
find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    card.hidden = !card.dataset.name.toLowerCase().includes(wanted);
    if (!card.hidden) shown += 1;
  }
  for (const heading of document.querySelectorAll("#columns > h2")) {
    let next = heading.nextElementSibling, any = false;
    while (next && next.tagName !== "H2") { any ||= !next.hidden; next = next.nextElementSibling; }
    heading.hidden = !any;
  }
  found.textContent = wanted ? `${shown} of ${cards.length} columns` : "";
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== find) { event.preventDefault(); find.focus(); }
});
