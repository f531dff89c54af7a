/* A file that cannot be looked at within its page is sent as any form: the browser then says what is wrong. */
let isLeaving = false;
addEventListener("beforeunload", () => { isLeaving = true; });
document.addEventListener("htmx:error", event => {
  const button = event.target;
  if (!isLeaving && button.form && button.hasAttribute("hx-post")) button.form.requestSubmit(button);
});
