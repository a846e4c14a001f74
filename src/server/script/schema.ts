/** The published shape of a script, for validation and for editors. Loaded only where there is a script. */
import * as z from 'zod';
import { DURATION_PATTERN, readDuration } from './duration.ts';
import { asPattern } from './match.ts';

const MAX_REPEATS = 1_000_000;

const duration = z
  .union([
    z.number().nonnegative().max(86_400_000),
    z.string().regex(DURATION_PATTERN, 'expected a duration such as 500ms, 5s or 1.5m'),
  ])
  .refine((value) => readDuration(value) !== undefined, 'at most a day (24h)')
  .meta({
    description: 'A duration: 500ms, 5s, 1.5m, or a number of milliseconds. At most a day.',
  });

/** 24 kHz: 29 MB. */
const MAX_SILENCE_MS = 600_000;
const silence = duration.refine(
  (value) => (readDuration(value) ?? 0) <= MAX_SILENCE_MS,
  'at most ten minutes (10m)',
);

/** Every `/…/` in it must be a regular expression. */
const json = z.json().meta({ id: 'json' });
const pattern = json.superRefine((value, context) => {
  const look = (part: unknown): void => {
    if (typeof part === 'string') {
      try {
        asPattern(part);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
      }
    } else if (typeof part === 'object' && part !== null) Object.values(part).forEach(look);
  };
  look(value);
});
const words = z.string().superRefine((value, context) => {
  try {
    asPattern(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const kind = z.enum([
  'setup',
  'clientContent',
  'realtimeInput',
  'toolResponse',
  'contextUpdate',
  'audio',
  'video',
  'text',
  'audioStreamEnd',
  'activityStart',
  'activityEnd',
  'close',
]);
/** Those that a close frame may carry. */
const closeCode = z
  .int()
  .min(1000)
  .max(4999)
  .refine(
    (code) => ![1004, 1005, 1006].includes(code) && (code <= 1014 || code >= 3000),
    'not a code that may be sent: 1000 to 1003, 1007 to 1014, or 3000 to 4999',
  );
const expected = z
  .union([
    kind,
    z.strictObject({ setup: pattern }),
    z.strictObject({ clientContent: pattern }),
    z.strictObject({ realtimeInput: pattern }),
    z.strictObject({ toolResponse: pattern }),
    z.strictObject({ contextUpdate: pattern }),
    z.strictObject({ text: words }),
    z.strictObject({ close: z.int().min(1000).max(4999) }),
  ])
  .meta({
    id: 'expected',
    description:
      'A frame of the client: its kind, or part of it. /…/ is a regular expression, null means absent.',
  });
const reason = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= 123, 'a close frame has room for 123 bytes');

const turns = z.int().min(1).max(MAX_REPEATS);

const FAULTS = [
  z.strictObject({ fault: z.literal('drop') }),
  z.strictObject({ fault: z.literal('half-open') }),
  z.strictObject({
    fault: z.literal('malformed-frame'),
    kind: z.enum(['not-json', 'bad-utf8', 'not-object']).optional(),
  }),
  z.strictObject({
    fault: z.literal('close'),
    code: closeCode.optional(),
    reason: reason.optional(),
  }),
  z.strictObject({ fault: z.literal('goAway'), timeLeft: duration.optional() }),
  z.strictObject({
    fault: z.literal('error-frame'),
    code: z.int().optional(),
    message: z.string().optional(),
    status: z.string().optional(),
  }),
  z.strictObject({
    fault: z.literal('slow-audio'),
    factor: z.number().min(0.01).max(100).optional(),
    delay: duration.optional(),
  }),
  z.strictObject({ fault: z.literal('burst'), hold: duration.optional() }),
  z.strictObject({ fault: z.literal('late-transcription'), delay: duration.optional() }),
  z.strictObject({ fault: z.literal('unknown-keys') }),
  z.strictObject({
    fault: z.literal('stall'),
    sound: duration.optional(),
    turns: turns.optional(),
  }),
  z.strictObject({ fault: z.literal('late-part'), delay: duration.optional() }),
  z.strictObject({ fault: z.literal('no-turn-end'), generated: z.boolean().optional() }),
  z.strictObject({
    fault: z.literal('refused-turns'),
    reason: z.string().min(1).optional(),
    turns: turns.optional(),
    content: z.boolean().optional(),
  }),
  z.strictObject({ fault: z.literal('empty-turns'), turns: turns.optional() }),
  z.strictObject({ fault: z.literal('repeat-answer'), turns: turns.optional() }),
  z.strictObject({ fault: z.literal('text-parts'), text: z.string().min(1).optional() }),
  z.strictObject({ fault: z.literal('whole-sentences') }),
  z.strictObject({ fault: z.literal('repeat-transcript') }),
  z.strictObject({ fault: z.literal('late-usage'), delay: duration.optional() }),
  z.strictObject({
    fault: z.literal('other-rate'),
    rate: z.int().min(4_000).max(192_000).optional(),
  }),
  z.strictObject({ fault: z.literal('half-sample') }),
  z.strictObject({ fault: z.literal('quiet-audio'), by: z.number().min(0).max(120).optional() }),
  z.strictObject({ fault: z.literal('ignore-text') }),
  z.strictObject({
    fault: z.literal('refuse-handle'),
    code: closeCode.optional(),
    reason: reason.optional(),
  }),
  z.strictObject({
    fault: z.literal('kill'),
    words: words.optional(),
    delay: duration.optional(),
    code: closeCode.optional(),
    reason: reason.optional(),
  }),
  z.strictObject({ fault: z.literal('none') }),
] as const;
/** In the order of the documentation. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ shape }) => shape.fault.value);
const after = z.union([
  z.strictObject({ turns: z.int().min(1) }),
  z.strictObject({ frames: z.int().min(1) }),
  z.strictObject({ audio: duration }),
]);
const when = { at: duration.optional(), after: after.optional() };
const [first, ...others] = FAULTS.map((fault) => fault.extend(when));
const timedFault = z.discriminatedUnion('fault', [first!, ...others]).meta({
  description:
    'A fault upon a connection, `at` a time since it was opened or `after` what was sent.',
});

const step: z.ZodType = z
  .lazy(() =>
    z.union([
      z.strictObject({
        expect: expected,
        within: duration.optional(),
        ms: duration.optional(),
      }),
      z.strictObject({
        send: z.union([
          z.enum(['setupComplete', 'generationComplete', 'turnComplete', 'interrupted']),
          z.record(z.string(), json),
        ]),
      }),
      z.strictObject({ say: z.string().max(10_000) }),
      z.strictObject({ reply: z.string().max(10_000) }),
      z.strictObject({
        audio: z.union([z.string().min(1), z.strictObject({ silence })]),
        speed: z.number().min(0.01).max(100).optional(),
      }),
      z.strictObject({ text: z.string() }),
      z.strictObject({ heard: z.string() }),
      z.strictObject({
        call: z.strictObject({
          name: z.string().min(1),
          args: z.record(z.string(), json).optional(),
          id: z.string().optional(),
        }),
      }),
      z.strictObject({ wait: duration }),
      z.strictObject({
        close: z.union([closeCode, z.strictObject({ code: closeCode, reason: reason.optional() })]),
      }),
      z.strictObject({
        repeat: z.union([z.int().min(1).max(MAX_REPEATS), z.literal('forever')]),
        steps: z.array(step).min(1),
      }),
      ...FAULTS,
    ]),
  )
  .meta({ id: 'step' });

const session = {
  steps: z.array(step).optional().meta({
    description: 'What happens, one after the other. Absent: the local server itself answers.',
  }),
  faults: z.array(timedFault).optional(),
  loose: z.boolean().optional().meta({ description: 'What no step expects is no fault.' }),
  within: duration.optional(),
};

export const SCRIPT_SCHEMA = z
  .strictObject({ ...session, sessions: z.array(z.strictObject(session)).min(1).optional() })
  .refine(({ steps, sessions }) => steps === undefined || sessions === undefined, {
    message: '`steps` (for every connection) and `sessions` (one each) exclude each other',
    path: ['steps'],
  });

/** What `docs/script.schema.json` holds. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(SCRIPT_SCHEMA, { io: 'input', reused: 'ref' });
  return { ...schema, title: 'A script of gemlive serve' };
}
