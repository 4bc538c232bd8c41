// What a start says to people: where everything is, and at the first start how to take a call and refer it.

export interface Welcome {
  readonly version: string;
  /** `http://127.0.0.1:8080` */
  readonly httpAddress: string;
  /** `udp:127.0.0.1:5060` */
  readonly sipAddresses: readonly string[];
  readonly publicKey: string;
  /** The key made by this start, or null. */
  readonly newKey: string | null;
  readonly isFirstStart: boolean;
  readonly hasWebhook: boolean;
}

export function welcome(start: Welcome): string {
  const short = start.newKey === null && !start.isFirstStart;
  return short ? again(start) : first(start);
}

function again({ version, httpAddress, sipAddresses, publicKey }: Welcome): string {
  return `Switchhook ${version} is running. API ${httpAddress}/v2 · SIP ${sipAddresses.join(', ')} · webhook key ${publicKey}
How to take a call and refer it: ${httpAddress}/docs/getting-started
The API key is the one you have. Lost it? Start with SWITCHHOOK_API_KEY set to a new one.
`;
}

function first({ version, httpAddress, sipAddresses, publicKey, newKey, hasWebhook }: Welcome): string {
  const key = newKey ?? '$SWITCHHOOK_API_KEY';
  const post = (action: string, body: string) =>
    `curl ${httpAddress}/v2/calls/$CALL/actions/${action} -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '${body}'`;
  const [transport, ...at] = (sipAddresses[0] ?? '').split(':');
  return `Switchhook ${version} is running. Ctrl-C stops it.

  API          ${httpAddress}/v2
  API key      ${newKey ?? 'the one in SWITCHHOOK_API_KEY'}${newKey ? '   (shown this once: keep it)' : ''}
  SIP          ${sipAddresses.join(', ')}
  Docs         ${httpAddress}/docs
  Webhook key  ${publicKey}   (TELNYX_PUBLIC_KEY of your application)

1. Take a call: from a softphone, without any account, call sip:anything@${at.join(':')} over ${transport?.toUpperCase()}.
   Your application gets call.initiated with its call_control_id${
     hasWebhook
       ? '.'
       : `, once you say where it is.
   To see what it gets: npx node examples/print-webhooks.ts, and start again with
   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start`
   }
2. Answer it:
   CALL=the call_control_id
   ${post('answer', '{}')}
3. Refer it, that is, have the caller call somebody else:
   ${post('refer', '{"sip_address":"sip:bob@example.com"}')}

The official client does the same: new Telnyx({ apiKey: '${newKey ?? '…'}', baseURL: '${httpAddress}/v2' })
`;
}
