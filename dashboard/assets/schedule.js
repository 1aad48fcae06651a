// A new schedule begins with the reader's own time zone.
"use strict";

const zone = document.querySelector("[data-own-zone]");
if (zone) zone.value = new Intl.DateTimeFormat().resolvedOptions().timeZone;
