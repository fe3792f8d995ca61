import JsSIP from "jssip";
import { answer, report, settings } from "./page.js";

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(settings.ws)], uri: settings.uri, password: settings.password, register: false, session_timers: false,
});
const once = (emitter, ...names) => new Promise((done) => names.forEach((name) => emitter.once(name, (e) => done([name, e]))));

async function call() {
  const session = ua.call(settings.dial, { mediaConstraints: { audio: true, video: false } });
  const [outcome, e] = await once(session, "confirmed", "failed");
  if (outcome === "confirmed") {
    session.terminate();
  }
  await report("call", e.message ? answer(e.message) : { status: 200, text: e.cause || "" });
}

async function story() {
  const connected = once(ua, "connected");
  ua.start();
  await connected;
  const registered = once(ua, "registered", "registrationFailed");
  ua.register();
  const [, e] = await registered;
  await report("register", e.response ? answer(e.response) : { status: 0, text: e.cause });
  await call();
  await call();
  await report("done");
}

story();
