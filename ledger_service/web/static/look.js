/* A file that cannot be looked at within its page is sent as any form: the browser then says what is wrong. */
document.addEventListener("htmx:error", event => {
  const button = event.target;
  if (!button.form || !button.hasAttribute("hx-post")) return;
  button.removeAttribute("hx-post");
  button.disabled = false;
  button.form.requestSubmit(button);
});
