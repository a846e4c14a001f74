/** What keeps a connection from coming about: names, routes, ports, TLS, other protocols. */
import { join } from 'node:path';
import * as place from '../../support/failingPlaces.ts';
import { AGAIN, row, type ErrorRow } from './row.ts';

const FAULTS = join(import.meta.dirname, '..', '..', 'support', 'failingConnect.mjs');
const SERVICE = place.isAt('https://live.example');

/** An error of the kernel or the resolver that does not come by itself within a test. */
const fails = (error: string, says: RegExp): ErrorRow =>
  row(`${error}, as the system reports it`, SERVICE, 5, 'unreachable', says, {
    words: error,
    nodeArgs: ['--import', FAULTS],
    env: { FAIL_CONNECT: error },
  });

export const NETWORK: readonly ErrorRow[] = [
  row('a closed port', place.isClosed, 5, 'unreachable', /refuses[\s\S]*gemlive serve/),
  row(
    'a name under .invalid',
    place.isAt('https://nowhere.invalid'),
    5,
    'unreachable',
    /nowhere\.invalid/,
    {
      words: 'nowhere.invalid could not be looked up (E',
    },
  ),
  row(
    'an address without a route',
    place.isAt('https://255.255.255.255'),
    5,
    'unreachable',
    /none that leads there/,
  ),
  row('a reset', place.resets, 5, 'unreachable', /hung up/, { words: 'ECONNRESET', ...AGAIN }),
  row('a server that hangs up', place.hangsUp, 5, 'unreachable', /hung up/, AGAIN),
  fails('ECONNREFUSED', /nothing listens/),
  fails('ENOTFOUND', /no such name[\s\S]*--local/),
  fails('EAI_AGAIN', /no name server answers[\s\S]*--local/),
  fails('ECONNRESET', /hung up/),
  fails('EPIPE', /hung up/),
  fails('ETIMEDOUT', /swallows/),
  fails('EHOSTUNREACH', /none that leads there/),
  fails('ENETUNREACH', /no network/),
  fails('EACCES', /sandbox/),
  row('a black hole', place.isSilent, 5, 'timeout', /--timeout/, { words: 'within 2 s' }),
  row('a server that never sets up', place.neverSetsUp, 5, 'timeout', /--timeout/, {
    words: 'did not answer the setup message within 2 s',
  }),
  row('TLS, self-signed', place.speaksTls('127.0.0.1'), 5, 'tls', /NODE_EXTRA_CA_CERTS/, {
    words: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  }),
  row(
    'TLS, expired',
    place.speaksTls('127.0.0.1', { days: -1, trusted: true }),
    5,
    'tls',
    /clock of this machine/,
    { words: 'has expired' },
  ),
  row(
    'TLS, for another host',
    place.speaksTls('elsewhere.example', { trusted: true }),
    5,
    'tls',
    /another name[\s\S]*--base-url/,
  ),
  row(
    'TLS, trusted by NODE_EXTRA_CA_CERTS',
    place.speaksTls('127.0.0.1', { trusted: true }),
    6,
    'server_refused',
    /HTTP 404/,
  ),
  row(
    'TLS on a port that has none',
    place.speaksNoTls,
    5,
    'tls',
    /no TLS on that port[\s\S]*http:\/\//,
  ),
  row(
    'no TLS on a port that has it',
    place.speaksTls('127.0.0.1', { scheme: 'http' }),
    5,
    'unreachable',
    /https:\/\//,
    AGAIN,
  ),
  row(
    'an alert of TLS',
    place.says(Buffer.from([21, 3, 1, 0, 2, 2, 70])),
    5,
    'unreachable',
    /https:\/\//,
    {
      words: 'speaks TLS, and was spoken to without',
    },
  ),
  row(
    'another protocol',
    place.says('SSH-2.0-OpenSSH_9.2\r\n'),
    5,
    'unreachable',
    /no Live server/,
    {
      words: 'does not speak WebSocket',
    },
  ),
  row(
    'a wrong accept key',
    place.says(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    ),
    5,
    'unreachable',
    /no Live server/,
    { words: 'does not speak WebSocket' },
  ),
  row(
    'a masked frame',
    place.frames(Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5])),
    5,
    'connection_lost',
    /garbles/,
    {
      words: 'broke the WebSocket protocol',
      ...AGAIN,
    },
  ),
];
