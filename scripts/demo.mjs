// `npm run demo`: a question, the local Live server, an answer that can be heard. Needs Node; installs the rest. A
// recording asks the question where a recogniser can understand it, else it is typed.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build, installPackages, installPrograms, root, run } from './prepare.mjs';

const RECORDING = 'audio-fixtures/question.pcm';
const QUESTION = 'What is 12 times 12?';
const REPLY = 'demo/reply.wav';
const SOUND = 'demo/reply.pcm';
const ENGINES_TIMEOUT_MS = 120_000;
const WAV_HEADER_BYTES = 44;
const BYTES_PER_SECOND = 48_000;

const gemlive = join(root, 'bin', 'gemlive.js');

await installPackages();
await installPrograms(['pocketsphinx_continuous'], { timeoutMs: ENGINES_TIMEOUT_MS });
await build();
mkdirSync(join(root, 'demo'), { recursive: true });
const { ears, voice } = await enginesHere();
const code = ears === 'none' ? await askInWords() : await askByRecording();
if (code === 0) {
  const seconds = (statSync(join(root, REPLY)).size - WAV_HEADER_BYTES) / BYTES_PER_SECOND;
  const what = voice === 'none' ? 'silence, since nothing here speaks' : 'sound';
  console.log(
    `\n${REPLY}: ${seconds.toFixed(1)} s of ${what}. Talk yourself: node bin/gemlive.js talk --local`,
  );
}
process.exit(code);

/** Returns the engines that the local server finds on this machine. */
async function enginesHere() {
  const args = [gemlive, 'doctor', '--local', '--no-mic', '--no-speaker', '--json'];
  const output = await run(process.execPath, args);
  const checks = output
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  return checks.find(({ name }) => name === 'engines').facts;
}

function askByRecording() {
  return converse(['file', RECORDING, '--local', '-o', REPLY, '--overwrite']);
}

async function askInWords() {
  console.log('nothing here understands speech: the question is typed');
  console.log(
    '  try: install pocketsphinx and its model, or choose another recogniser with --stt (docs/engines.md)',
  );
  const save = `"${process.execPath}" -e "process.stdin.pipe(fs.createWriteStream('${SOUND}'))"`;
  const args = ['talk', '--local', '--no-mic', '--greet', QUESTION, '--speaker-command', save];
  const code = await converse(args, { endsWithTurn: true });
  if (code !== 0) return code;
  // dist/ exists only now.
  const { wavHeader } = await import('../dist/audio/fileWriters.js');
  const { OUTPUT_FORMAT } = await import('../dist/audio/format.js');
  const pcm = readFileSync(join(root, SOUND));
  writeFileSync(join(root, REPLY), Buffer.concat([wavHeader(OUTPUT_FORMAT, pcm.byteLength), pcm]));
  rmSync(join(root, SOUND));
  return 0;
}

/** Runs gemlive and tells what happens. `endsWithTurn`: it is interrupted after the first answer. */
async function converse(args, { endsWithTurn = false } = {}) {
  const shown = args.map((word) => (/[^\w./-]/.test(word) ? JSON.stringify(word) : word));
  console.log(`\n$ gemlive ${shown.join(' ')}\n`);
  const child = spawn(process.execPath, [gemlive, ...args, '--json', '--debug'], {
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
    if (event.type === 'session' && event.state === 'ready') {
      console.log(`connected  ${event.model}`);
      if (endsWithTurn) console.log(`asked      ${QUESTION}`);
    }
    if (event.type === 'user' && event.final) console.log(`heard      ${event.text}`);
    if (event.type === 'model' && event.final) answer = event.text;
    if (event.type === 'turn') {
      console.log(`answered   ${answer}`);
      const { endOfSpeechToAudioMs } = event.latency;
      if (endOfSpeechToAudioMs !== undefined)
        console.log(`           ${endOfSpeechToAudioMs} ms after the end of speech`);
      if (endsWithTurn) child.kill('SIGINT');
    }
    if (event.type === 'warning') console.log(`warning    ${event.message}`);
  }
  return child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)));
}
