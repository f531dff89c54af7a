// The one script of these pages, on those that speak with a passkey: it asks the device and puts its answer into the form.
"use strict";
(function () {
  const form = document.getElementById("passkey-form");
  const problem = document.getElementById("passkey-problem");
  const asked = JSON.parse(form.dataset.options);
  const isNew = form.dataset.act === "create";

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }

  function text(buffer) {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function withBytes(list) {
    return (list || []).map((one) => Object.assign({}, one, { id: bytes(one.id) }));
  }

  function question() {
    const options = Object.assign({}, asked, { challenge: bytes(asked.challenge) });
    if (isNew) {
      options.user = Object.assign({}, asked.user, { id: bytes(asked.user.id) });
      options.excludeCredentials = withBytes(asked.excludeCredentials);
    } else {
      options.allowCredentials = withBytes(asked.allowCredentials);
    }
    return { publicKey: options };
  }

  function answer(made) {
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    if (isNew) {
      response.attestationObject = text(made.response.attestationObject);
    } else {
      response.authenticatorData = text(made.response.authenticatorData);
      response.signature = text(made.response.signature);
      response.userHandle = made.response.userHandle ? text(made.response.userHandle) : null;
    }
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: response, clientExtensionResults: {} };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const made = await (isNew ? navigator.credentials.create(question()) : navigator.credentials.get(question()));
      form.elements.namedItem("credential").value = JSON.stringify(answer(made));
      form.submit();
    } catch (error) {
      problem.hidden = false;
      problem.focus();
    }
  });
})();
