/** The words of `--help` that do not come from the option table. */
import type { CommandName } from './config/settings.ts';

export type CommandHelp = {
  /** In the list of commands. */
  summary: string;
  /** Above its own options, where there is more to say. */
  description?: string;
  /** Its words, in commander's notation. */
  args?: { name: string; help: string; /** What is missing without one. */ noun: string };
  examples: readonly string[];
};

export const SUMMARY =
  'A voice assistant in the terminal: talk with the Gemini Live API, or with a local Live server.\n' +
  'Without a command, between two terminals, gemlive talks.';

export const ROOT_EXAMPLES = [
  'gemlive --local                      talk to this machine: no key, no network',
  'gemlive setup                        a key, the loudspeaker, the microphone, a voice: in a minute',
  'gemlive talk --voice Kore            talk to the Gemini API (needs a key)',
  'gemlive chat "what is a fjord?"      one question, one answer',
  'gemlive file question.wav -o reply.wav',
];

export const EPILOGUE =
  'Options may also be set as GEMLIVE_<OPTION> in the environment or in .env, and in config.json;\n' +
  '`gemlive config` shows what is set, and where.\n';

export const COMMAND_HELP: Record<CommandName, CommandHelp> = {
  talk: {
    summary: 'a voice conversation: microphone in, speakers out',
    examples: [
      'gemlive talk --local',
      'gemlive talk --voice Puck --language de-DE',
      'gemlive talk --local --llm http://127.0.0.1:11434/v1',
      'gemlive talk --greet "Say hello and ask for my name." --no-mic',
    ],
  },
  chat: {
    summary: 'chat in text: a conversation, or one question and one answer',
    description:
      'Chat in text. With a prompt, or with text piped in: one question, one answer. With -c it goes on with the\n' +
      'last session: a conversation by its handle; one question by its words, so that no answer waits for a handle.',
    args: {
      name: '[prompt...]',
      help: 'the question; without one, a conversation',
      noun: 'a prompt',
    },
    examples: [
      'gemlive chat --local',
      'gemlive chat "name three fjords"',
      'git diff | gemlive chat "write a commit message for this"',
      'gemlive chat -c "shorter, please"',
      'gemlive chat --fallback gemini-flash-latest "name three fjords"',
      'gemlive chat --local -- -5 plus 3',
    ],
  },
  file: {
    summary: 'send recordings, and get the spoken and written reply',
    args: { name: '<input...>', help: 'WAV, raw PCM, or - for stdin', noun: 'an input' },
    examples: [
      'gemlive file question.wav -o reply.wav',
      'gemlive file audio-fixtures/question.pcm --local -o reply.wav --json',
      'arecord -f S16_LE -r 16000 -d 5 -t raw | gemlive file - --play',
      'gemlive file monday.wav tuesday.wav --out-dir replies --jobs 2',
    ],
  },
  serve: {
    summary: 'run the local Live server: the same protocol, no key, no network',
    description:
      'Run the local Live server in the foreground. The first line on stdout is its address, for --base-url.',
    examples: [
      'gemlive serve',
      'gemlive serve --port 0 --key secret123',
      'gemlive serve --json',
      'gemlive serve --script session.yaml --log session.log.ndjson',
    ],
  },
  setup: {
    summary: 'a guided first run: a key or none, loudspeaker, microphone, voice',
    description:
      'Ask, in a terminal, for what a conversation needs, and save it in config.json: a key, which is hidden, checked with\n' +
      'one call and readable for you alone; a loudspeaker that you hear, a microphone that hears you, a voice that you like.\n' +
      'Each step can be skipped (s); what was saved stays when you leave (q). Arrows, digits and Enter choose.',
    examples: ['gemlive setup', 'gemlive setup --no-mic --no-speaker     the key only'],
  },
  doctor: {
    summary: 'check microphone, loudspeaker, echo, key, network and model, and say what helps',
    description:
      'Check everything that `talk` needs, each thing by using it, and say what helps where something is wrong. ' +
      'It plays three short chirps and listens for them, asks you to say something (in a terminal; Enter or --yes ' +
      'leaves it out), asks the service for its models with your key, and opens a session without any sound.\n' +
      'The last line names the first cause; the exit code is that of `talk` for it.',
    examples: [
      'gemlive doctor',
      'gemlive doctor --no-mic --no-speaker     the network, the key and the model only',
      'gemlive doctor --local                   what a conversation with this machine needs',
      'gemlive doctor --input-device headset --output-device headset',
      'gemlive doctor --json',
    ],
  },
  devices: {
    summary: 'list microphones and loudspeakers, and what they are reached by',
    description:
      'List microphones and loudspeakers, by number, name and id: --input-device and --output-device take any of\n' +
      'them, or part of a name. The default is marked with *. Says which recorder and player `talk` would use, and\n' +
      'why; to find out, both are opened for a moment.',
    examples: ['gemlive devices', 'gemlive devices --json', 'gemlive talk --input-device headset'],
  },
  voices: {
    summary: 'list the voices, or hear one',
    examples: ['gemlive voices', 'gemlive voices --preview Kore', 'gemlive voices --json'],
  },
  models: {
    summary: 'list the Live models, and what each can do',
    examples: ['gemlive models', 'gemlive models --remote', 'gemlive models --json'],
  },
  token: {
    summary: 'mint an ephemeral token: a key for one session, for a client you do not trust',
    description:
      'Mint an ephemeral token of the Gemini API, for --token and GEMLIVE_TOKEN.\n' +
      'It is the only word on stdout; its life is told on stderr.\n' +
      'With --lock, the settings that are given here are fixed.',
    examples: [
      'gemlive token',
      'GEMLIVE_TOKEN=$(gemlive token) gemlive talk',
      'gemlive token --uses 5 --expire 3600 --start-within 600',
      'gemlive token --lock --voice Kore --system "You are a waiter."',
    ],
  },
  config: {
    summary: 'show every setting, and where it came from',
    description:
      'Show every setting, its value, and where it came from: a flag, the environment, .env in this folder,\n' +
      'or config.json in $XDG_CONFIG_HOME/gemlive (~/.config/gemlive; on macOS ~/Library/Application Support/gemlive,\n' +
      'on Windows %APPDATA%\\gemlive). Keys are masked.',
    examples: ['gemlive config', 'gemlive config --json'],
  },
  completion: {
    summary: 'print a completion script for your shell',
    description:
      'Print a script that completes commands, options and their values. In bash, in ~/.bashrc:\n' +
      '  source <(gemlive completion bash)\n' +
      'In zsh, in a folder of $fpath; in fish, in ~/.config/fish/completions/gemlive.fish.',
    args: { name: '<shell>', help: 'bash, zsh or fish', noun: 'a shell' },
    examples: [
      'gemlive completion bash > ~/.local/share/bash-completion/completions/gemlive',
      'gemlive completion zsh > "${fpath[1]}/_gemlive"',
      'gemlive completion fish > ~/.config/fish/completions/gemlive.fish',
    ],
  },
};
