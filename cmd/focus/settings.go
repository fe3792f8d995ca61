package main

import (
	"time"

	"github.com/alecthomas/kong"
)

// settings is everything about a server that can be chosen. The name of a flag is also its key in the configuration file; the
// variable is FOCUS_ and the name in capitals.
type settings struct {
	Config       string        `help:"YAML file with these settings." placeholder:"FILE"`
	Data         string        `help:"Folder of everything that survives." default:"./data" placeholder:"DIR"`
	Domain       string        `help:"Domain of conferences and users. Default: the media address." placeholder:"NAME"`
	SIP          string        `name:"sip" help:"Where SIP over UDP and TCP is answered; off for nowhere." default:":5060" placeholder:"HOST:PORT"`
	SIPS         string        `name:"sips" help:"Where SIP over TLS is answered; off for nowhere." default:":5061" placeholder:"HOST:PORT"`
	SIPPublic    string        `name:"sip-public-host" help:"The address or name by which Via and Contact call this server, where callers do not reach that of its socket, as through a 1:1 NAT. Default: the first of --media-public-ip, else the socket's." placeholder:"HOST"`
	SIPRate      int           `name:"sip-rate" help:"New SIP requests a second, of everybody together; what belongs to a call is not counted. 0: no bound." default:"10000" placeholder:"N"`
	SIPPerSource int           `name:"sip-rate-per-source" help:"The same of one source: an IPv4 address, or the /64 of an IPv6 address. 0: no bound." default:"5000" placeholder:"N"`
	HTTPS        string        `name:"https" help:"Where HTTPS is answered, and SIP over secure WebSocket (/ws)." default:":8443" placeholder:"HOST:PORT"`
	WS           string        `name:"ws" help:"Where SIP over WebSocket without TLS is answered; off for nowhere." default:"off" placeholder:"HOST:PORT"`
	WSOrigins    string        `name:"ws-origins" help:"Web pages that may call by WebSocket, beside those of this host: https://HOST, HOST, *.HOST or *, with commas between them." placeholder:"NAMES"`
	DNS          string        `name:"dns" help:"Server of names that is asked where SIP domains lead. Default: those of /etc/resolv.conf." placeholder:"HOST:PORT"`
	TLSCert      string        `name:"tls-cert" help:"Certificate of the server in PEM, with those between it and its authority; read again when it changes. Default: one of our own authority, in the data folder." placeholder:"FILE"`
	TLSKey       string        `name:"tls-key" help:"Its key." placeholder:"FILE"`
	TLSMin       string        `name:"tls-min" help:"Least version of TLS: ${enum}." default:"1.2" enum:"1.2,1.3" placeholder:"VERSION"`
	TLSClientCA  string        `name:"tls-client-ca" help:"Who signs the certificates that peers may show on the SIP port, in PEM." placeholder:"FILE"`
	TLSCA        string        `name:"tls-ca" help:"Who signs the certificates of servers that we call, beside the authorities of the system, in PEM." placeholder:"FILE"`
	Trusted      string        `help:"Peers that may say who a caller is, with commas: addresses and networks they connect from, udp: before one for datagrams too, names in their certificates." placeholder:"PEERS"`
	TrustedBy    string        `name:"trusted-identity" help:"What of a trusted peer is believed: ${enum}, P-Asserted-Identity alone or else From." default:"pai" enum:"pai,from" placeholder:"WHAT"`
	ConnectionID string        `name:"connection-identity" help:"Where a user who has registered with his password is known by his connection from then on: ${enum}; tcp is both, off asks for the password each time." default:"tls" enum:"tls,tcp,off" placeholder:"WHERE"`
	ACME         string        `name:"acme" help:"Names, with commas, for which certificates are got by ACME. To use it is to agree to the terms of that server." placeholder:"NAMES"`
	ACMEEmail    string        `name:"acme-email" help:"Where the ACME server can write to." placeholder:"ADDRESS"`
	ACMEDir      string        `name:"acme-directory" help:"The ACME server." default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL"`
	ACMEHTTP     string        `name:"acme-http" help:"Where http-01 challenges of ACME are answered, which come to port 80; off: only tls-alpn-01 on the HTTPS port." default:"off" placeholder:"HOST:PORT"`
	MediaIP      string        `name:"media-ip" help:"Address of media. Default: that of the default route." placeholder:"IP"`
	MediaPorts   string        `help:"UDP ports of media." default:"20000-39999" placeholder:"LO-HI"`
	MediaPublic  string        `name:"media-public-ip" help:"How callers reach the media address through a 1:1 NAT: an IP address; with commas one for each of --media-ice. Descriptions say it instead." placeholder:"IPS"`
	ICE          string        `name:"media-ice" help:"Where callers with ICE send media: all of them to one UDP port, RTCP that comes apart to the port above. HOST:PORT, with commas a second one for IPv6; auto is the first free of --media-ports; off." default:"auto" placeholder:"WHERE"`
	ICEMode      string        `name:"media-ice-mode" help:"Which side of ICE this is: ${enum}. lite is for addresses that everybody can reach; auto looks whether they are public." default:"auto" enum:"auto,lite,full" placeholder:"MODE"`
	ICETCP       string        `name:"media-ice-tcp" help:"Whether callers with ICE whose UDP is blocked may send media by TCP to the port of --media-ice: ${enum}." default:"on" enum:"on,off" placeholder:"ON"`
	MediaTimeout time.Duration `help:"A call without media for this long is ended." default:"60s" placeholder:"TIME"`
	Encryption   string        `name:"media-encryption" help:"Whether media must be encrypted: ${enum}. auto requires it of who calls by TLS or WSS, and prefers it for all others. A conference may have another rule." default:"auto" enum:"auto,required,preferred,none" placeholder:"RULE"`
	SDES         string        `name:"sdes" help:"Over which signalling the keys of media may come in session descriptions: ${enum}. secure is TLS, WSS and this machine itself; anywhere shows them to who reads SIP on the way." default:"secure" enum:"secure,anywhere" placeholder:"WHERE"`
	TURN         string        `name:"turn" help:"Where STUN and TURN are answered over UDP, TCP and TLS, for clients that reach no media port; off for nowhere." default:"off" placeholder:"HOST:PORT"`
	TURNS        string        `name:"turns" help:"Where TURN is answered over TLS alone, such as :443; off for nowhere." default:"off" placeholder:"HOST:PORT"`
	TURNHost     string        `name:"turn-host" help:"Name or address of those that clients are told. Default: the media address, for TLS the domain." placeholder:"NAME"`
	TURNPorts    string        `name:"turn-ports" help:"UDP ports of relays." default:"49152-65535" placeholder:"LO-HI"`
	TURNPeers    string        `name:"turn-peers" help:"Whom relays speak with beside the media of this server, with commas: networks, addresses, or public for the public Internet." placeholder:"PEERS"`
	TURNSecret   string        `name:"turn-secret" help:"Makes credentials for TURN (static-auth-secret of coturn), for who makes them elsewhere too; better given as FOCUS_TURN_SECRET. Default: one that nobody knows." placeholder:"SECRET"`
	TURNTime     time.Duration `name:"turn-ttl" help:"How long credentials for TURN are good, at most." default:"6h" placeholder:"TIME"`
	TURNQuota    int           `name:"turn-quota" help:"Relays of a user." default:"16" placeholder:"N"`
	TURNRate     int           `name:"turn-rate" help:"Rate of a relay in kbit/s, each way." default:"4000" placeholder:"N"`
	MediaIO      string        `name:"media-io" help:"How packets pass the kernel: ${enum}. auto takes io_uring where there is one." default:"auto" enum:"auto,plain" placeholder:"HOW"`
	Collector    string        `name:"quality-collector" help:"SIP URI that is told how each call sounded when it is over (RFC 6035)." placeholder:"URI"`
	Digest       string        `help:"How SIP asks for passwords, best first; md5 alone for telephones that know no other." default:"sha-512-256,sha-256,md5" placeholder:"NAMES"`
	SessionTime  time.Duration `name:"session-expires" help:"How long a call lives without a refresh (RFC 4028), where the telephone takes part in that; 0 proposes nothing." default:"30m" placeholder:"TIME"`
	MinSE        time.Duration `name:"min-se" help:"The shortest such time that is agreed to." default:"90s" placeholder:"TIME"`
	DialOut      string        `name:"dial-out" help:"Whom conferences may call: ${enum}. registered is users of this server, where they have registered; any is every SIP URI, and what the trunks take. A user may have another." default:"registered" enum:"none,registered,any" placeholder:"WHO"`
	Trunks       string        `help:"YAML file that says through whom telephone numbers and other domains are called." placeholder:"FILE"`
	DTMF         string        `name:"dtmf" help:"What keys of a telephone mean in a conference, with commas: KEYS=VERB, where KEYS begin with * or #; off: nothing." default:"*0=help,*1=hand,*5=record,*6=mute,*7=lock,*8=mute-all,*9=admit,*#=count" placeholder:"TABLE"`
	Webhook      string        `help:"Server that is told what happens in all conferences: https://HOST/PATH. Users register others." placeholder:"URL"`
	WebhookKey   string        `name:"webhook-secret" help:"Signs what it is told: whsec_ and 24 to 64 bytes in base64; better given as FOCUS_WEBHOOK_SECRET." placeholder:"SECRET"`
	WebhookWhat  string        `name:"webhook-events" help:"What it is told: full, partial and ended, with commas between them. Default: all." placeholder:"TYPES"`
	WebhookNets  string        `name:"webhook-networks" help:"Networks that are not of the public Internet and that webhooks may be in, with commas; also without TLS." placeholder:"NETWORKS"`
	AccessNumber string        `name:"access-numbers" help:"Numbers at which a gateway of ours is called, by region, the default first: North=+15550100 +15550101,South=+15550200. Clients show them." placeholder:"NUMBERS"`
	Prompts      string        `help:"Folder of spoken prompts that replace ours." placeholder:"DIR"`
	Language     string        `help:"Language of prompts (BCP 47)." default:"en" placeholder:"TAG"`
	LogLevel     string        `help:"Least level that is logged: ${enum}." default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL"`
	LogFormat    string        `help:"Form of the log: ${enum}." default:"text" enum:"text,json" placeholder:"FORM"`
}

// setting is a row of the table in docs/operating.md.
type setting struct{ name, variable, value, byDefault, help string }

// allSettings reads the table off the flags of serve.
func allSettings() ([]setting, error) {
	parser, err := kong.New(&struct{ settings }{}, kong.NoDefaultHelp())
	if err != nil {
		return nil, err
	}
	var all []setting
	for _, flag := range parser.Model.Flags {
		all = append(all, setting{flag.Name, variableOf(flag.Name), flag.PlaceHolder, flag.Default, flag.Help})
	}
	return all, nil
}
