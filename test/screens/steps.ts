/** What is done to `talk` or `doctor`, what is waited for on its screen, and the picture that is taken then. */

export type Step = {
  /** `docs/screens/COMMAND-NAME…`; without one no picture is taken. */
  name?: string;
  /** For who cannot see the picture. */
  title?: string;
  /** Keys to press, or a recording of audio-fixtures/ to speak into the microphone. */
  keys?: string;
  says?: string;
  /** What becomes of the sound server, and with it of the devices. */
  sound?: 'crash' | 'restart';
  /** On the screen's text; rows end with `\n`. */
  until: RegExp;
};

const CONVERSATION: readonly Step[] = [
  {
    name: 'listening',
    title: 'gemlive talk has started: it listens, and says with what',
    until: /pocketsphinx[^]*● listening/,
  },
  {
    name: 'hearing',
    title: 'gemlive talk hears its user: the meter of the microphone is up',
    says: 'question.wav',
    until: /● hearing you +you ▮▮/,
  },
  {
    name: 'thinking',
    title: 'gemlive talk: the question is over, the answer has not begun',
    until: /● thinking/,
  },
  {
    name: 'answering',
    title: 'gemlive talk answers its first question: 12 times 12 is 144',
    until: /144[^]*● speaking.*gemini ▮▮/,
  },
  { until: /● listening/ },
  {
    name: 'counting',
    title: 'gemlive talk is asked to count to one hundred, and counts',
    says: 'count.pcm',
    // The text is ahead of the voice: the interruption leaves less of it.
    until: /\b9,[^]*● speaking.*gemini ▮▮/,
  },
  {
    name: 'speaking',
    title:
      'A conversation in gemlive talk: the count was interrupted by another question, whose answer is heard now',
    says: 'stop.pcm',
    until: /—[^]*you .*time[^]*gemini +\S[^]*● speaking.*gemini ▮▮/,
  },
  { until: /● listening/ },
  {
    name: 'muted',
    title: 'gemlive talk with the microphone muted',
    keys: 'm',
    until: /● muted/,
  },
  { keys: 'm', until: /● listening/ },
  {
    name: 'keys',
    title: 'gemlive talk shows its keys, the model, and the devices in use',
    keys: '?',
    until: /loudspeaker[^]*● listening/,
  },
  {
    name: 'typing',
    title: 'A message is typed in gemlive talk',
    keys: '?\rwhat is seven times',
    until: /› what is seven times/,
  },
  { keys: ' six\r', until: /42[^]*● speaking/ },
  { until: /● listening/ },
];

const PUSH_TO_TALK: readonly Step[] = [
  {
    name: 'ptt-waiting',
    title: 'gemlive talk --ptt waits for its key: the microphone is off',
    until: /pocketsphinx[^]*● press Space/,
  },
  {
    name: 'ptt-talking',
    title: 'gemlive talk --ptt: Space was pressed, and its user talks',
    keys: ' ',
    says: 'question.wav',
    until: /● listening +you ▮▮/,
  },
  { keys: ' ', until: /144[^]*● speaking/ },
  {
    name: 'ptt-keys',
    title: 'gemlive talk --ptt shows its keys',
    keys: '?',
    until: /Space[^]*loudspeaker[^]*● press Space/,
  },
];

const IDLE: readonly Step[] = [
  {
    name: 'paused',
    title: 'gemlive talk has paused, because nothing was said for a while',
    until: /pocketsphinx[^]*● paused/,
  },
];

const LOST: readonly Step[] = [
  { until: /pocketsphinx[^]*● listening/ },
  {
    name: 'lost',
    title: 'gemlive talk has lost its devices, and looks for them',
    sound: 'crash',
    until: /the microphone is gone[^]*● no mic/,
  },
  {
    name: 'back',
    title: 'gemlive talk has its devices back',
    sound: 'restart',
    until: /the microphone is back[^]*● listening/,
  },
];

/** Somebody speaks when he is asked to. */
const EXAMINED: readonly Step[] = [
  { until: /loopback[^]*say something/ },
  { says: 'question.wav', until: /engines/ },
];

export type Run = {
  args: readonly string[];
  /** `room`: the loudspeaker is heard by the microphone, and some noise; `muted`: the microphone is. */
  stage?: 'room' | 'muted';
  /** Every one begins where the one before has ended. */
  steps: readonly Step[];
  /** The picture of what stays when it has been left. */
  last?: { name: string; title: string };
};

export const RUNS: readonly Run[] = [
  {
    args: ['talk', '--local'],
    steps: CONVERSATION,
    last: { name: 'goodbye', title: 'gemlive talk has ended: what was said stays' },
  },
  { args: ['talk', '--local', '--ptt'], steps: PUSH_TO_TALK },
  { args: ['talk', '--local', '--idle-timeout', '2'], steps: IDLE },
  { args: ['talk', '--local'], steps: LOST },
  {
    args: ['doctor', '--local'],
    stage: 'room',
    steps: EXAMINED,
    last: { name: 'well', title: 'gemlive doctor has looked at everything, and everything works' },
  },
  {
    args: ['doctor', '--local'],
    stage: 'muted',
    steps: [{ until: /engines/ }],
    last: {
      name: 'muted',
      title: 'gemlive doctor has found that the microphone is muted, and names the command',
    },
  },
];

/** Leaves `talk`. */
export const LAST_KEY = 'q';
