/**
 * What `talk` shows, as a value: events in, state out, and the lines that are finished. Pure; how it gets
 * onto a screen is terminal.ts' and plainView.ts' business.
 */
import type { ConversationEvent } from '../events.ts';

/** The state in a word. */
export type Mood =
  | 'connecting'
  | 'listening'
  | 'hearing you'
  | 'thinking'
  | 'speaking'
  | 'muted'
  /** The microphone is gone, and looked for. */
  | 'no mic'
  /** Push to talk, and the user does not talk. */
  | 'press Space'
  /** Nothing was said for so long that nothing is sent any more. */
  | 'paused'
  | 'reconnecting'
  | 'closed';

export type Speaker = 'you' | 'gemini' | 'note' | 'warning';
export type Line = { who: Speaker; text: string };

export type ViewState = {
  phase: 'connecting' | 'ready' | 'reconnecting' | 'closed';
  hasMic: boolean;
  micLost: boolean;
  muted: boolean;
  /** Push to talk: the microphone is heard only while `talking`. */
  ptt: boolean;
  talking: boolean;
  idle: boolean;
  userSpeaks: boolean;
  /** Sound of the reply is coming or still to be heard. */
  replySounds: boolean;
  /** The user has finished and the answer has not begun. */
  awaitsAnswer: boolean;
  /** What the user is saying, as far as can be guessed; empty when the words are there. */
  guess: string;
  /** Turns on screen that may still change: the last one, and those that are open. */
  turns: { index: number; you: string; gemini: string }[];
};

export type ViewEvent =
  | ConversationEvent
  | { type: 'activity'; speaking: boolean }
  | { type: 'mute'; muted: boolean }
  /** Push to talk: the user took the word, or gave it back. */
  | { type: 'ptt'; talking: boolean }
  /** Nothing is sent any more because nothing was said for long; or it is again. */
  | { type: 'idle'; idle: boolean }
  | { type: 'guess'; text: string }
  /** Sound that will be played has come; `audio` tells of all that comes, also of a dead turn's. */
  | { type: 'sound' }
  /** An answer that was waited for has not come: it was no speech, or the model keeps silent. */
  | { type: 'unanswered' };

export function initialView(hasMic: boolean, muted: boolean, ptt = false): ViewState {
  return {
    phase: 'connecting',
    hasMic,
    micLost: false,
    muted,
    ptt,
    talking: false,
    idle: false,
    userSpeaks: false,
    replySounds: false,
    awaitsAnswer: false,
    guess: '',
    turns: [],
  };
}

export function mood(state: ViewState): Mood {
  if (state.phase === 'closed') return 'closed';
  if (state.idle) return 'paused'; // whatever the connection does meanwhile
  if (state.phase !== 'ready') return state.phase;
  // The key tells when the user speaks, not the ear.
  if (state.talking && hears(state)) return 'listening';
  if (state.userSpeaks && hears(state)) return 'hearing you';
  if (state.replySounds) return 'speaking';
  if (state.awaitsAnswer) return 'thinking';
  if (state.micLost) return 'no mic';
  if (state.muted || !state.hasMic) return 'muted';
  return hears(state) ? 'listening' : 'press Space';
}

/** What the microphone hears goes out as it is. */
export function hears({ hasMic, micLost, muted, ptt, talking }: ViewState): boolean {
  return hasMic && !micLost && !muted && (!ptt || talking);
}

/** The next state, and lines that will not change any more, in order. */
export function reduce(state: ViewState, event: ViewEvent): { state: ViewState; lines: Line[] } {
  switch (event.type) {
    case 'session':
      return same({ ...state, phase: event.state });
    case 'activity':
      return same({ ...state, userSpeaks: event.speaking, awaitsAnswer: !event.speaking });
    case 'unanswered':
      return same({ ...state, awaitsAnswer: false });
    case 'mute':
      return same({ ...state, muted: event.muted, userSpeaks: false });
    case 'ptt':
      return same({
        ...state,
        talking: event.talking,
        userSpeaks: event.talking,
        awaitsAnswer: state.talking && !event.talking,
      });
    case 'idle':
      return same({ ...state, idle: event.idle });
    case 'guess':
      return same({ ...state, guess: event.text });
    case 'user': {
      const typed = 'final' in event && !state.userSpeaks;
      return withTurn(
        typed ? { ...state, awaitsAnswer: !state.replySounds } : state,
        event.turn,
        (turn) => ({
          ...turn,
          you: 'final' in event ? event.text : turn.you + event.delta,
        }),
      );
    }
    case 'model': {
      const next = withTurn(state, event.turn, (turn) => ({
        ...turn,
        gemini: 'final' in event ? event.text : turn.gemini + event.delta,
      }));
      const cut = 'final' in event && event.interrupted === true;
      return {
        ...next,
        state: { ...next.state, awaitsAnswer: false, replySounds: !cut },
      };
    }
    case 'sound':
      if (state.replySounds && !state.awaitsAnswer) return same(state);
      return same({ ...state, replySounds: true, awaitsAnswer: false });
    case 'interrupted':
      return same({ ...state, replySounds: false });
    case 'turn':
      return same({ ...state, replySounds: false, awaitsAnswer: false, guess: '' });
    case 'warning': {
      const { code, message } = event;
      const isNews = code === 'idle' || code.endsWith('_back');
      const isLoss = code === 'microphone_lost' || code === 'microphone_suspended';
      const micLost = isLoss || (state.micLost && code !== 'microphone_back');
      return {
        state: { ...state, micLost },
        lines: [{ who: isNews ? 'note' : 'warning', text: message }],
      };
    }
    case 'goaway':
      return {
        state,
        lines: [
          {
            who: 'note',
            text: `the server ends this connection in ${Math.round(event.timeLeftMs / 1000)} s`,
          },
        ],
      };
    case 'audio':
    case 'thought':
    case 'tool_call':
    case 'tool_cancelled':
    case 'echo':
    case 'usage':
      return same(state);
    default:
      return event satisfies never;
  }
}

const same = (state: ViewState): { state: ViewState; lines: Line[] } => ({ state, lines: [] });

type Turn = ViewState['turns'][number];

/** Changes a turn; a new one makes the turns before the last final. */
function withTurn(
  state: ViewState,
  index: number,
  change: (turn: Turn) => Turn,
): { state: ViewState; lines: Line[] } {
  const known = state.turns.some((turn) => turn.index === index);
  const turns = known ? state.turns : [...state.turns, { index, you: '', gemini: '' }];
  const changed = turns.map((turn) => (turn.index === index ? change(turn) : turn));
  // While turn n+1's user side grows, turn n may still be cut; one more and it is history.
  const history = changed.slice(0, -2);
  return {
    state: { ...state, guess: '', turns: changed.slice(-2) },
    lines: history.flatMap(turnLines),
  };
}

export function turnLines(turn: { you: string; gemini: string }): Line[] {
  const lines: Line[] = [
    { who: 'you', text: turn.you.trim() },
    { who: 'gemini', text: turn.gemini.trim() },
  ];
  return lines.filter(({ text }) => text !== '');
}
