/**
 * `node --import`: every connection fails with the error of FAIL_CONNECT, as the kernel reports it. For those that take minutes, or a
 * machine without a route, to come about by themselves.
 */
import { Socket } from 'node:net';
import { getSystemErrorMap } from 'node:util';

const wanted = process.env['FAIL_CONNECT'] ?? '';
const errors = new Map([...getSystemErrorMap()].map(([errno, [name]]) => [name, errno]));
// Node's own name for what the resolver calls EAI_NONAME.
const errno = errors.get(wanted === 'ENOTFOUND' ? 'EAI_NONAME' : wanted);
if (errno === undefined) throw new Error(`there is no error ${wanted}`);
const isLookUp = wanted === 'ENOTFOUND' || wanted.startsWith('EAI_');
const syscall = isLookUp ? 'getaddrinfo' : wanted === 'EPIPE' ? 'write' : 'connect';
Socket.prototype.connect = function connect() {
  const error = Object.assign(new Error(`${syscall} ${wanted}`), { code: wanted, errno, syscall });
  process.nextTick(() => this.destroy(error));
  return this;
};
