/** The options of `serve`. */
import type { OptionTable } from './options.ts';
import { integer, named, names, PATH, SECONDS, SWITCH } from './values.ts';

const SERVE = { group: 'Server', commands: ['serve'] } as const;

export const SERVE_OPTIONS = {
  port: {
    ...SERVE,
    name: 'port',
    placeholder: 'N',
    value: integer(0, 65_535),
    default: 8787,
    help: 'the port to listen on; 0 for any free one',
  },
  host: {
    ...SERVE,
    name: 'host',
    placeholder: 'ADDR',
    value: named('an address of this machine'),
    default: '127.0.0.1',
    help: 'the address to listen on',
  },
  key: {
    ...SERVE,
    name: 'key',
    placeholder: 'KEY',
    value: named('a key'),
    default: undefined,
    secret: true,
    fromDotenv: true,
    help: 'the key that clients must show',
  },
  allowOrigins: {
    ...SERVE,
    name: 'allow-origin',
    placeholder: 'ORIGIN',
    value: names('an origin, such as https://app.example'),
    default: [],
    help: 'a web page from there may use the server; may be repeated (*: any, with --key)',
  },
  allowHosts: {
    ...SERVE,
    name: 'allow-host',
    placeholder: 'HOST',
    value: names('the name of a host'),
    default: [],
    help: 'the server may be reached by that name; may be repeated',
  },
  script: {
    ...SERVE,
    name: 'script',
    placeholder: 'FILE',
    value: PATH,
    default: undefined,
    oneCall: true,
    help: 'what to expect, to send and to break: YAML, JSON, or what --log has written',
  },
  log: {
    ...SERVE,
    name: 'log',
    placeholder: 'FILE',
    value: PATH,
    default: undefined,
    oneCall: true,
    help: 'write every frame to this file, one JSON object a line',
  },
  goAwaySeconds: {
    ...SERVE,
    name: 'go-away',
    placeholder: 'SECONDS',
    value: SECONDS,
    default: 570,
    help: 'tell a connection to go after so long; it is cut 30 s later, or half of it',
  },
  sessionLimitSeconds: {
    ...SERVE,
    name: 'session-limit',
    placeholder: 'SECONDS',
    value: SECONDS,
    default: 900,
    help: 'end a session without compression after so long',
  },
  allowRetired: {
    ...SERVE,
    name: 'allow-retired',
    value: SWITCH,
    default: false,
    help: 'answer for models that the service has shut down too',
    helpOff: 'refuse models that the service has shut down',
  },
} satisfies Partial<OptionTable>;
