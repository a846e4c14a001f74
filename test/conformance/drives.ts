/** What the clients that nobody here wrote are made to do, and the tests in which they do it. */

export type Drive = { what: string; sdk: string; firebase: string };

const NONE = 'not in its interface';

/** `file: test`, or why there is none. */
export const DRIVES: readonly Drive[] = [
  {
    what: 'text as content',
    sdk: 'officialSdk: in text: sound, words, generationComplete, turnComplete with usage',
    firebase: 'firebase: in content, by the Gemini path: sound and words',
  },
  {
    what: 'text in real time',
    sdk: 'officialSdk: by realtime text, too',
    firebase: 'firebase: in text',
  },
  {
    what: 'audio, both transcriptions',
    sdk: 'officialSdk: in sound: both transcriptions',
    firebase: 'firebase: in sound: both transcriptions',
  },
  {
    what: 'interruption',
    sdk: 'officialSdk: and is interrupted when it speaks over the answer',
    firebase: 'firebase: and is interrupted when it speaks over the answer',
  },
  { what: 'manual activity', sdk: 'officialSdk: with activity markers', firebase: NONE },
  {
    what: 'audioStreamEnd',
    sdk: 'officialSdk: is answered at once when its sound ends',
    firebase: NONE,
  },
  {
    what: 'a tool that blocks',
    sdk: 'sdkTools: that blocks: nothing is said before the result',
    firebase: 'firebase: is told that a call is cancelled',
  },
  {
    what: 'its cancellation',
    sdk: 'sdkTools: that blocks, and is cancelled by what the user says meanwhile',
    firebase: 'firebase: is told that a call is cancelled',
  },
  {
    what: 'a tool that does not block',
    sdk: 'sdkTools: that does not block, which is what 3.8 does unasked: the conversation goes on',
    firebase: 'firebase: calls a function, and is told of the result',
  },
  {
    what: 'scheduling WHEN_IDLE',
    sdk: 'sdkTools: WHEN_IDLE: the result waits for the end of what is being said',
    firebase: NONE,
  },
  {
    what: 'scheduling INTERRUPT',
    sdk: 'sdkTools: INTERRUPT: the result cuts what is being said',
    firebase: NONE,
  },
  {
    what: 'scheduling SILENT',
    sdk: 'sdkTools: SILENT: the result is known, and nothing is said of it',
    firebase: NONE,
  },
  {
    what: 'extended thinking',
    sdk: 'sdkTools: by the model that thinks long: a filler first, idle when the interaction is',
    firebase: 'it hands on no interactionStatus',
  },
  {
    what: 'contextUpdate',
    sdk: 'sdkTools: and tells of tools and instruction anew in the midst of a session',
    firebase: NONE,
  },
  {
    what: 'historyConfig',
    sdk: 'it drops the field; raw: fields: history is given first',
    firebase: NONE,
  },
  {
    what: 'resumption',
    sdk: 'sdkSessions: is taken up again by its handle, with what was said',
    firebase: 'firebase: takes its session up again',
  },
  {
    what: 'goAway',
    sdk: 'sdkSessions: is told to go, then cut; its session goes on',
    firebase: 'firebase: is told to go',
  },
  { what: 'ephemeral tokens', sdk: 'sdkSessions: opens a session, once', firebase: NONE },
  {
    what: 'tokens that fix a setup',
    sdk: 'sdkSessions: that locks some fields: the others are the client’s',
    firebase: NONE,
  },
  {
    what: 'the path and the names of Vertex',
    sdk: 'sdkVertex: has an id of its session, and reads usage by its other names',
    firebase: 'firebase: in content, by the Vertex path: sound and words',
  },
  {
    what: 'a refusal',
    sdk: 'officialSdk: is told why it is refused',
    firebase: 'firebase: is refused before setup is complete',
  },
  {
    what: 'the built `gemlive serve`',
    sdk: 'serveCommand: speak with each other',
    firebase: 'serveCommand: talk with each other',
  },
];
