import JsSIP from "jssip";
import { answer, microphone, peerConnection, report, settings, stay } from "./page.js";

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(settings.ws)], uri: settings.uri, password: settings.password, register: false, session_timers: false,
});
const once = (emitter, ...names) => new Promise((done) => names.forEach((name) => emitter.once(name, (e) => done([name, e]))));

async function call() {
  const session = ua.call(settings.dial, { mediaConstraints: microphone, pcConfig: peerConnection });
  const [outcome, e] = await once(session, "confirmed", "failed");
  if (outcome === "confirmed") {
    if (settings.stay) {
      await stay();
    }
    session.terminate();
  }
  await report("call", outcome === "confirmed" ? { status: 200, text: "" } : e.message ? answer(e.message) : { status: 0, text: e.cause });
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
  if (!settings.stay) {
    await call();
  }
  await report("done");
}

story();
