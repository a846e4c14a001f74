/**
 * `@firebase/ai`'s Live session. Its host is fixed in the package, and it takes the WebSocket of the
 * surrounding world, which Node 20 has not: it is given one that leads to the local server instead.
 */
import { deleteApp, initializeApp, setLogLevel, type FirebaseApp } from '@firebase/app';
import {
  GoogleAIBackend,
  VertexAIBackend,
  getAI,
  getLiveGenerativeModel,
  type LiveGenerationConfig,
  type LiveServerContent,
  type LiveServerGoingAwayNotice,
  type LiveServerToolCall,
  type LiveServerToolCallCancellation,
  type LiveSession,
  type LiveSessionResumptionUpdate,
  type SessionResumptionConfig,
  type Tool,
} from '@firebase/ai';
import { WebSocket } from 'ws';
import { until } from '../../support/until.ts';

export type FirebaseMessage =
  | LiveServerContent
  | LiveServerToolCall
  | LiveServerToolCallCancellation
  | LiveServerGoingAwayNotice
  | LiveSessionResumptionUpdate;

export type FirebaseClient = {
  session: LiveSession;
  messages: FirebaseMessage[];
  /** Reads on after `resumeSession`, which begins a new stream. */
  listen(): void;
  close(): Promise<void>;
};

const FIXED_HOST = 'wss://firebasevertexai.googleapis.com';

/** From now on whatever wants Firebase's host reaches `url`. The result takes it back. */
export function redirectFirebase(url: string): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  class Redirected extends WebSocket {
    constructor(address: string) {
      if (!address.startsWith(FIXED_HOST)) throw new Error(`not Firebase's host: ${address}`);
      super(url.replace(/^http/, 'ws') + address.slice(FIXED_HOST.length), {
        perMessageDeflate: false,
      });
    }
  }
  Object.defineProperty(globalThis, 'WebSocket', {
    value: Redirected,
    configurable: true,
    writable: true,
  });
  return () => {
    if (before) Object.defineProperty(globalThis, 'WebSocket', before);
    else Reflect.deleteProperty(globalThis, 'WebSocket');
  };
}

export type FirebaseOptions = {
  model?: string;
  generationConfig?: LiveGenerationConfig;
  tools?: Tool[];
  systemInstruction?: string;
  resumption?: SessionResumptionConfig;
  vertex?: boolean;
};

// It warns of every close, its own too.
setLogLevel('silent');

let count = 0;

export async function connectFirebase({
  model = 'gemini-3.8-live',
  generationConfig = {},
  tools,
  systemInstruction,
  resumption,
  vertex = false,
}: FirebaseOptions = {}): Promise<FirebaseClient> {
  count += 1;
  const app: FirebaseApp = initializeApp(
    { apiKey: 'any', projectId: 'project', appId: '1:1:web:1' },
    `conformance-${count}`,
  );
  const ai = getAI(app, {
    backend: vertex ? new VertexAIBackend('us-central1') : new GoogleAIBackend(),
  });
  const session = await getLiveGenerativeModel(ai, {
    model,
    generationConfig,
    ...(tools && { tools }),
    ...(systemInstruction !== undefined && { systemInstruction }),
  }).connect(resumption);
  const messages: FirebaseMessage[] = [];
  const listen = (): void => {
    void (async () => {
      for await (const message of session.receive()) messages.push(message);
    })();
  };
  listen();
  return {
    session,
    messages,
    listen,
    close: async () => {
      await session.close();
      await deleteApp(app);
    },
  };
}

export const contentsOf = ({ messages }: FirebaseClient): LiveServerContent[] =>
  messages.filter((message): message is LiveServerContent => message.type === 'serverContent');
export const spokenTo = (client: FirebaseClient): string =>
  contentsOf(client)
    .map(({ outputTranscription }) => outputTranscription?.text ?? '')
    .join('');
export const heardFrom = (client: FirebaseClient): string =>
  contentsOf(client)
    .map(({ inputTranscription }) => inputTranscription?.text ?? '')
    .join('');
export const bytesFor = (client: FirebaseClient): number =>
  contentsOf(client)
    .flatMap(({ modelTurn }) => modelTurn?.parts ?? [])
    .reduce((sum, { inlineData }) => sum + Buffer.from(inlineData?.data ?? '', 'base64').length, 0);
export const turnFor = (client: FirebaseClient, turns = 1): Promise<void> =>
  until(
    `turn ${turns}`,
    () => contentsOf(client).filter(({ turnComplete }) => turnComplete).length >= turns,
  );
