/** Why something could not be fetched. */
export interface NetworkTrouble {
  readonly kind: TroubleKind;
  /** Who could not be reached, where the words name it. */
  readonly host?: string;
}

export type TroubleKind = 'proxy-login' | 'proxy' | 'certificate' | 'name' | 'refused' | 'timeout';

// The wording of curl, pip, npm, apt, go, git, wget, OpenSSL, Go's net package and the C library. A proxy that wants a
// login or another certificate also ends in a connection that broke: what says more comes first.
const WORDS: readonly (readonly [TroubleKind, RegExp])[] = [
  [
    'proxy-login',
    /proxy.{0,200}\b407\b|\b407\b.{0,200}proxy|proxy authentication required|tunnel.{0,40}\b407\b|\bE407\b/i,
  ],
  [
    'certificate',
    /x509:|CERTIFICATE_VERIFY_FAILED|SSL certificate problem|SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF)|self[- ]signed certificate|unable to get local issuer|certificate is NOT trusted|certificate verif(?:y|ication) failed/i,
  ],
  ['proxy', /proxyconnect|could(?: not|n't) resolve proxy|cannot connect to proxy|\bProxyError\b/i],
  [
    'name',
    /no such host|could(?: not|n't) resolve|temporary failure (?:in name resolution|resolving)|name or service not known|\bENOTFOUND\b|\bEAI_AGAIN\b|bad address '|unable to resolve host|server misbehaving|no address associated with hostname/i,
  ],
  ['refused', /connection refused|\bECONNREFUSED\b/i],
  [
    'timeout',
    /dial tcp|(?:connection|operation|read|connect) timed out|\bE(?:TIMEDOUT|NETUNREACH|HOSTUNREACH|CONNRESET)\b|i\/o timeout|TLS handshake timeout|context deadline exceeded|Client\.Timeout|network is unreachable|no route to host|connection reset by peer|connection timed out/i,
  ],
];

const HOSTS: readonly RegExp[] = [
  /https?:\/\/([\w.:[\]-]{1,253})/i,
  /(?:lookup|getaddrinfo \w{1,20}|host(?: address)?:?|resolv(?:e|ing)|bad address) ['‘"“]?([\w-]{1,63}(?:\.[\w-]{1,63}){1,10})/i,
];

/** What went wrong with the network by the words of tools, the most telling first; undefined when they name nothing of it. */
export function findNetworkTrouble(lines: readonly string[]): NetworkTrouble | undefined {
  const short = lines.map((line) => line.slice(0, MAX_LINE));
  for (const [kind, words] of WORDS) {
    const line = short.find((text) => words.test(text));
    if (line === undefined) continue;
    const host = HOSTS.map((form) => form.exec(line)?.[1]).find((name) => name !== undefined);
    return { kind, ...(host === undefined ? {} : { host }) };
  }
  return undefined;
}

/** So much of a line is read, UTF-16 code units. */
const MAX_LINE = 2_000;

/** In one sentence without its full stop, what it means. */
export function describeTrouble({ kind, host }: NetworkTrouble): string {
  const whom = host ?? 'the server';
  switch (kind) {
    case 'proxy-login':
      return 'the proxy wants a login';
    case 'proxy':
      return 'the proxy cannot be reached';
    case 'certificate':
      return `the certificate of ${whom} is not trusted`;
    case 'name':
      return host === undefined ? 'a host name is not known' : `the name ${host} is not known`;
    case 'refused':
      return `${whom} refuses the connection`;
    case 'timeout':
      return `${whom} does not answer`;
  }
}

/** What to do when the engine itself could not fetch something: a base image, the source of an ADD. */
export function adviceForEngine({ kind, host = 'HOST' }: NetworkTrouble): string[] {
  const setting = '"proxies" in /etc/docker/daemon.json, or the settings of Docker Desktop';
  switch (kind) {
    case 'proxy-login':
      return [`Put the login into the proxy's address for the engine, http://USER:PASSWORD@PROXY:PORT: ${setting}.`];
    case 'proxy':
      return [`Check the proxy that the engine is set to use: ${setting}.`];
    case 'certificate':
      return [
        `Give the engine the certificate of the authority that signed it, as /etc/docker/certs.d/${host}/ca.crt.`,
        'Or install it on the machine of the engine, and restart Docker.',
      ];
    default:
      return [
        'Check the name for typos, and the network.',
        `Where there is a proxy, the engine needs to know it: ${setting}.`,
      ];
  }
}

/** What to do when a command of the Dockerfile could not fetch something. @param command that of the `RUN`. */
export function adviceForStep({ kind }: NetworkTrouble, command: string): string[] {
  const setting = 'HTTP_PROXY and HTTPS_PROXY in the environment, or "proxies" in ~/.docker/config.json';
  switch (kind) {
    case 'proxy-login':
      return [`Put the login into the proxy's address, http://USER:PASSWORD@PROXY:PORT: ${setting}.`];
    case 'proxy':
      return [
        `Check the proxy that builds are given: ${setting}.`,
        'A build cannot reach a proxy on its own localhost.',
      ];
    case 'certificate':
      return [
        `Copy the certificate of the authority that signed it into the image before this step, and name it: ${certificateSetting(command)}.`,
      ];
    default:
      return [
        'Check the name for typos, and the network.',
        `Where there is a proxy, builds need to know it: set ${setting}.`,
      ];
  }
}

function certificateSetting(command: string): string {
  if (/\b(?:pip|uv|poetry)\b/.test(command)) return 'ENV PIP_CERT=/path/to/ca.crt SSL_CERT_FILE=/path/to/ca.crt';
  if (/\b(?:npm|npx|yarn|pnpm)\b/.test(command)) return 'ENV NODE_EXTRA_CA_CERTS=/path/to/ca.crt';
  return 'in /usr/local/share/ca-certificates, then RUN update-ca-certificates';
}

/** Whether a command is one that fetches: in others, words about the network may be those of a test that failed. */
export function fetches(command: string): boolean {
  return FETCHES.test(command.slice(0, MAX_COMMAND));
}

const MAX_COMMAND = 20_000;
const FETCHES =
  /\b(?:pip3?|apt(?:-get)?|apk|dnf|microdnf|yum|zypper|curl|wget|npx|conan|poetry|uv|mvn|gradle|gem|rustup|git (?:clone|fetch|pull|submodule|ls-remote)|(?:npm|yarn|pnpm)(?: (?:ci|i|install|add)|$)|go (?:get|mod|install|build|run|test|vet)|cargo|dotnet restore|velocitas (?:init|sync))\b/m;
