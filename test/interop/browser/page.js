// What both stories need: what happened goes to the test that served the page.
export const settings = JSON.parse(document.getElementById("settings").textContent);

let reports = Promise.resolve();

// report sends events in their order.
export function report(event, detail = {}) {
  const body = JSON.stringify({ event, ...detail });
  reports = reports.then(() => fetch("/report", { method: "POST", body })).catch(() => {});
  return reports;
}

window.addEventListener("error", (e) => report("error", { text: e.message }));
window.addEventListener("unhandledrejection", (e) => report("error", { text: String(e.reason) }));

// Every message on the wire is reported by its start line, and how often the socket was opened and closed.
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(url, protocols) {
    super(url, protocols);
    this.addEventListener("open", () => report("open", { text: this.protocol }));
    this.addEventListener("close", (e) => report("close", { status: e.code, text: e.reason }));
    this.addEventListener("message", (e) => report("received", { text: startLine(e.data) }));
  }
  send(data) {
    report("sent", { text: startLine(data) });
    super.send(data);
  }
};

const startLine = (data) => (typeof data === "string" ? data.split("\r\n")[0] : "binary");

// answer is a final response as the test wants to see it.
export const answer = (message) => ({ status: message.statusCode ?? message.status_code, text: message.getHeader("Warning") || "" });
