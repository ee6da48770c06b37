// Counts the note's characters as the server does: code points, a line end as one. Without this script the
// page loses only the counter.
const note = document.getElementById("note");
const counter = document.querySelector(".counter");
const limit = Number(note.dataset.limit);

function count() {
  const length = [...note.value].length;
  counter.value = `${length} / ${limit}`;
  counter.classList.toggle("over", length > limit);
}

note.addEventListener("input", count);
count();
