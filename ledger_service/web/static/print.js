/* A button that prints its page. Without a script there is none: the browser's own menu prints. */
for (const button of document.querySelectorAll("button[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
