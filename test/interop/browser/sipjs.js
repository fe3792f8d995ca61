import { Inviter, Registerer, UserAgent } from "sip.js";
import { answer, microphone, peerConnection, report, settings, stay } from "./page.js";

const ua = new UserAgent({
  uri: UserAgent.makeURI(settings.uri), transportOptions: { server: settings.ws }, logLevel: "error",
  authorizationUsername: UserAgent.makeURI(settings.uri).user, authorizationPassword: settings.password,
  sessionDescriptionHandlerFactoryOptions: { iceGatheringTimeout: 500, peerConnectionConfiguration: peerConnection },
});

// final is the final response to what start sends.
const final = (start) => new Promise((done) => {
  const take = (response) => done(response.message);
  start({ requestDelegate: { onAccept: take, onReject: take, onRedirect: take } });
});

async function call() {
  const inviter = new Inviter(ua, UserAgent.makeURI(settings.dial), { sessionDescriptionHandlerOptions: { constraints: microphone } });
  const message = await final((options) => inviter.invite(options));
  if (message.statusCode < 300) {
    if (settings.stay) {
      await stay();
    }
    await inviter.bye();
  }
  await report("call", answer(message));
}

async function story() {
  await ua.start();
  await report("register", answer(await final((options) => new Registerer(ua).register(options))));
  await call();
  if (!settings.stay) {
    await call();
  }
  await report("done");
}

story();
