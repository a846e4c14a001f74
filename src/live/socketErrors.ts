/** What keeps a connection from being opened, as data: names, routes, ports, TLS, and no WebSocket behind it. */

type SocketMeaning = {
  /** What happened, for a host. */
  what: (host: string) => string;
  /** `refusal`: asking again helps nobody. */
  kind: 'server' | 'refusal';
  code: 'unreachable' | 'tls';
  why: string;
  hint: string;
};

type Row = Omit<SocketMeaning, 'what'> & {
  codes: RegExp;
  what: (host: string, code: string) => string;
};

const UNREACHABLE = { kind: 'server', code: 'unreachable' } as const;
const TLS = {
  kind: 'refusal',
  code: 'tls',
} as const;

const ROWS: readonly Row[] = [
  {
    codes: /^ECONNREFUSED$/,
    ...UNREACHABLE,
    what: (host, code) => `${host} refuses the connection (${code})`,
    why: 'nothing listens on that port',
    hint: 'start a server there (gemlive serve), or check --base-url',
  },
  {
    codes: /^(ENOTFOUND|EAI_NONAME|EAI_NODATA)$/,
    ...UNREACHABLE,
    what: (host, code) => `the name ${host} could not be looked up (${code})`,
    why: 'there is no such name, or this machine has no network',
    hint: 'check the network and --base-url, or talk without a network: --local',
  },
  {
    codes: /^EAI_/,
    ...UNREACHABLE,
    what: (host, code) => `the name ${host} could not be looked up (${code})`,
    why: 'no name server answers: this machine has no network, or its DNS is away',
    hint: 'check the network and try again, or talk without one: --local',
  },
  {
    codes: /^(ECONNRESET|ECONNABORTED|EPIPE)$/,
    ...UNREACHABLE,
    what: (host, code) => `${host} broke the connection off (${code})`,
    why: 'the server, or a firewall or proxy on the way, hung up without an answer',
    hint: 'try again; if it stays so, check --base-url (https:// or http://) and the proxy',
  },
  {
    codes: /^ETIMEDOUT$/,
    ...UNREACHABLE,
    what: (host, code) => `${host} does not answer (${code})`,
    why: 'the host is off, or a firewall on the way swallows what is sent',
    hint: 'check the network and --base-url, or talk without a network: --local',
  },
  {
    codes: /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL)$/,
    ...UNREACHABLE,
    what: (host, code) => `there is no way to ${host} (${code})`,
    why: 'this machine has no network, or none that leads there',
    hint: 'check the network (cable, Wi-Fi, VPN), or talk without one: --local',
  },
  {
    codes: /^(EACCES|EPERM)$/,
    kind: 'refusal',
    code: 'unreachable',
    what: (host, code) => `this machine does not let gemlive connect to ${host} (${code})`,
    why: 'a firewall or a sandbox forbids it',
    hint: 'allow it there, or talk without a network: --local',
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    ...TLS,
    what: (host) => `no secure connection to ${host}: its certificate has expired`,
    why: "the server's certificate was not renewed, or the clock of this machine is wrong",
    hint: 'check the date of this machine; else only whoever runs the server can help',
  },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    ...TLS,
    what: (host) => `no secure connection to ${host}: its certificate is not valid yet`,
    why: 'the clock of this machine is wrong, most often',
    hint: 'check the date of this machine',
  },
  {
    codes: /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    ...TLS,
    what: (host) => `no secure connection to ${host}: its certificate is for another name`,
    why: 'the address is wrong, or something else answers for it: the login page of a network, a proxy',
    hint: 'check --base-url, or open a web page in a browser and log in there',
  },
  {
    codes:
      /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|INVALID_CA)$/,
    ...TLS,
    what: (host, code) =>
      `no secure connection to ${host}: its certificate is not trusted (${code})`,
    why: 'nobody whom this machine trusts has signed it; a proxy that reads along may be in the way',
    hint: "set NODE_EXTRA_CA_CERTS to the file with your proxy's or server's certificate",
  },
];

/** Node's error, OpenSSL's, or that of ws about the headers of the upgrade. */
export function meaningOfSocketError(
  error: Error & { code?: string; reason?: string; rawPacket?: unknown },
): SocketMeaning {
  const code = error.code ?? '';
  const row = ROWS.find(({ codes }) => codes.test(code));
  if (row) return { ...row, what: (host) => row.what(host, code) };
  const words = error.reason ?? opensslWords(error.message) ?? error.message;
  if (/wrong version number|packet length|http request/i.test(words)) {
    return {
      ...TLS,
      what: (host) => `no secure connection to ${host}: ${words}`,
      why: 'there is no TLS on that port',
      hint: 'use http:// or ws:// in --base-url for a server on this machine',
    };
  }
  if (
    /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO)/.test(code) ||
    /SSL routines|certificate/i.test(error.message)
  ) {
    return {
      ...TLS,
      what: (host) => `no secure connection to ${host}: ${words}`,
      why: 'the two could not agree on how to encrypt; an old server or a proxy may be in the way',
      hint: 'check --base-url, and try from another network',
    };
  }
  // Node's HTTP parser, and ws about the headers of the upgrade: trying again would not help.
  if (code.startsWith('HPE_') || /Sec-WebSocket|Upgrade header|subprotocol/i.test(error.message)) {
    return { kind: 'refusal', code: 'unreachable', ...noWebSocket(error) };
  }
  return {
    ...UNREACHABLE,
    what: (host) => `no connection to ${host}: ${words || code}`,
    why: 'the network, or something on the way, does not let it through',
    hint: 'check the network and try again',
  };
}

/** Of `…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…:354:`. */
const opensslWords = (message: string): string | undefined =>
  /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1];

/** The first byte of an alert, which TLS answers to everything else. */
const TLS_ALERT = 0x15;

function noWebSocket(
  error: Error & { rawPacket?: unknown },
): Pick<SocketMeaning, 'what' | 'why' | 'hint'> {
  if (Buffer.isBuffer(error.rawPacket) && error.rawPacket[0] === TLS_ALERT) {
    return {
      what: (host) => `${host} speaks TLS, and was spoken to without`,
      why: '--base-url begins with http:// or ws://',
      hint: 'use https:// in --base-url',
    };
  }
  return {
    what: (host) => `${host} does not speak WebSocket: ${error.message}`,
    why: 'what listens there is no Live server',
    hint: 'check --base-url',
  };
}
