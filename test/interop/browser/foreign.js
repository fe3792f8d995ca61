// A page that may not connect finds that out, and nothing more.
import { report, settings } from "./page.js";

const socket = new WebSocket(settings.ws, "sip");
socket.addEventListener("open", () => report("done"));
socket.addEventListener("close", () => report("done"));
