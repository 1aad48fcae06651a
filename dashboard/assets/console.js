// The API console: a key for this session, put into Swagger UI or into the programs of the quickstart.
"use strict";

async function sessionKey(url) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(url, { method: "POST", headers, redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

const swagger = document.getElementById("swagger");
if (swagger && window.SwaggerUIBundle) {
  const state = document.getElementById("key-state");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const ui = SwaggerUIBundle({
    domNode: swagger, url: "/v1/openapi.json", layout: "BaseLayout", deepLinking: true, tryItOutEnabled: true,
    displayRequestDuration: true, displayOperationId: true, filter: true, docExpansion: "list",
    defaultModelsExpandDepth: 0, validatorUrl: null,
    onComplete: async () => {
      try {
        const { key } = await sessionKey(swagger.dataset.key);
        ui.preauthorizeApiKey("bearerAuth", key);
        state.className = "notice good";
        state.textContent = "A key of this session is filled in. Open an operation and execute it.";
      } catch {
        state.className = "notice bad";
        state.textContent = "No key could be made. Load the page again, or press Authorize with one of your own.";
      }
    },
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  button.disabled = true;
  try {
    const { key } = await sessionKey(button.dataset.key);
    for (const code of document.querySelectorAll(".copyable code")) {
      code.textContent = code.textContent.replaceAll(button.dataset.fill, key);
    }
    button.querySelector("span").textContent = "Filled in; it works for an hour";
  } catch {
    button.querySelector("span").textContent = "That did not work: load the page again";
  }
});
