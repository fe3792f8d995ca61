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

// Every peer connection is kept, and what it hears is measured.
const peers = [];
const Peer = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(...args) {
    super(...args);
    peers.push(this);
    this.addEventListener("track", (e) => e.track.kind === "audio" && listen(this, e.track));
  }
};

// listen plays a track (else Chromium decodes nothing) and looks at its spectrum.
function listen(peer, track) {
  const element = new Audio();
  element.srcObject = new MediaStream([track]);
  element.play().catch((e) => report("error", { text: String(e) }));
  const context = new AudioContext({ sampleRate: 48000 });
  peer.ear = context.createAnalyser();
  peer.ear.fftSize = 16384;
  peer.ear.smoothingTimeConstant = 0;
  context.createMediaStreamSource(element.srcObject).connect(peer.ear);
}

// hear keeps how loud each of settings.tones was when it was loudest.
function hear(ear, tones) {
  const spectrum = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(spectrum);
  for (const hz of settings.tones) {
    const bin = Math.round((hz * ear.fftSize) / 48000);
    tones[hz] = Math.max(tones[hz] ?? -200, ...spectrum.slice(bin - 2, bin + 3));
  }
}

const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// stay talks for settings.stay seconds and reports what getStats says in the end, and how loud each of settings.tones was in the second half, in dB.
export async function stay() {
  const peer = peers[peers.length - 1];
  const stats = {}, found = { tones: {} };
  await sleep(settings.stay / 2);
  for (const end = Date.now() + 500 * settings.stay; Date.now() < end; await sleep(0.25)) {
    hear(peer.ear, found.tones);
  }
  (await peer.getStats()).forEach((s) => (stats[s.id] = s));
  for (const s of Object.values(stats)) {
    if (s.type === "transport") {
      Object.assign(found, { dtls: s.dtlsState, role: s.dtlsRole, srtp: s.srtpCipher, version: s.tlsVersion });
      const pair = stats[s.selectedCandidatePairId];
      found.relay = pair && stats[pair.localCandidateId]?.relayProtocol;
      found.pair = pair && `${stats[pair.localCandidateId]?.candidateType} ${stats[pair.remoteCandidateId]?.candidateType}`;
    } else if (s.type === "inbound-rtp" && s.kind === "audio") {
      Object.assign(found, { codec: stats[s.codecId]?.mimeType, received: s.packetsReceived, lost: s.packetsLost, level: s.audioLevel, concealed: s.concealedSamples });
    } else if (s.type === "outbound-rtp" && s.kind === "audio") {
      found.sent = s.packetsSent;
    } else if (s.type === "remote-inbound-rtp") {
      found.rtt = s.roundTripTime;
    }
  }
  await report("stats", { text: JSON.stringify(found) });
}

// peerConnection is what the page lets the browser do to reach the server: anything, unless the test says otherwise.
export const peerConnection = { iceServers: settings.iceServers ?? [], iceTransportPolicy: settings.iceTransportPolicy ?? "all" };

// microphone without what is made for speech: a tone shall stay one.
export const microphone = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, video: false };

// answer is a final response as the test wants to see it.
export const answer = (message) => ({ status: message.statusCode ?? message.status_code, text: message.getHeader("Warning") || "" });
