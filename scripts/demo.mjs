// `npm run demo`: the main job on a real recording, against the local Live server. Needs Node; installs
// the rest. A recogniser and a voice make it a conversation; without them it is a sound check.
import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build, installPackages, installPrograms, root } from './prepare.mjs';

const RECORDING = 'audio-fixtures/question.pcm';
const REPLY = 'demo/reply.wav';
const ENGINES_TIMEOUT_MS = 120_000;

await installPackages();
await installPrograms(['flite', 'pocketsphinx_continuous'], { timeoutMs: ENGINES_TIMEOUT_MS });
await build();
mkdirSync(join(root, 'demo'), { recursive: true });

const args = ['file', RECORDING, '--local', '-o', REPLY, '--json', '--debug'];
console.log(`\n$ gemlive ${args.join(' ')}\n`);
const child = spawn(process.execPath, [join(root, 'bin', 'gemlive.js'), ...args], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'pipe'],
});
createInterface({ input: child.stderr }).on('line', (line) => {
  if (line.startsWith('debug: gemlive')) return;
  console.log(line.replace(/^debug: engines: /, 'engines    '));
});
let answer = '';
for await (const line of createInterface({ input: child.stdout })) {
  const event = JSON.parse(line);
  if (event.type === 'session' && event.state === 'ready') console.log(`connected  ${event.model}`);
  if (event.type === 'user' && event.final) console.log(`heard      ${event.text}`);
  if (event.type === 'model' && event.final) answer = event.text;
  if (event.type === 'turn') {
    console.log(`answered   ${answer}`);
    console.log(`           ${event.latency.firstAudioMs} ms after the end of speech`);
  }
  if (event.type === 'warning') console.log(`warning    ${event.message}`);
}
const code = child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)));
if (code === 0) {
  const seconds = (statSync(join(root, REPLY)).size - 44) / 48_000;
  console.log(
    `\n${REPLY}: ${seconds.toFixed(1)} s of sound. Talk yourself: node bin/gemlive.js talk --local`,
  );
}
process.exit(code);
