/** Devices of a test's sound server that go and come, as by an unplugged cable. */
import { startProcess } from '../../src/audio/subprocess.ts';
import type { SoundServer } from './soundServer.ts';

/** What it prints; throws with its last words when it fails. */
export async function pactl({ environment }: SoundServer, ...args: string[]): Promise<string> {
  const process = startProcess({ command: 'pactl', args, environment, stdout: 'pipe' });
  let text = '';
  process.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const { code } = await process.closed;
  if (code !== 0) throw new Error(`pactl ${args.join(' ')}: ${process.stderrTail.join('; ')}`);
  return text.trim();
}

/** The null sinks of these names, or all of them. */
export async function removeSinks(server: SoundServer, ...names: string[]): Promise<void> {
  const modules = (await pactl(server, 'list', 'short', 'modules')).split('\n');
  for (const module of modules) {
    const [index = '', , options = ''] = module.split('\t');
    const name = /sink_name=(\S+)/.exec(options)?.[1];
    if (name === undefined || (names.length > 0 && !names.includes(name))) continue;
    await pactl(server, 'unload-module', index);
  }
}

/** A null sink that can be recorded like the first one. */
export async function addSink(
  server: SoundServer,
  name = 'speaker',
  rateHz = 24_000,
): Promise<void> {
  const options = ['format=s16le', 'channels=1', `rate=${rateHz}`, `sink_name=${name}`];
  // As in soundServer; PipeWire does not know the word, and takes no notice of it.
  await pactl(server, 'load-module', 'module-null-sink', ...options, 'norewinds=1');
}
