// The catalogue of refusals: each with its code, its HTTP status, its title and its sentence, as the Telnyx API v2 has them.
// A refused command or request is one of these and nothing else. Statuses are chosen so that the official client
// retries only what is safe: it retries 408, 409, 429 and every 5xx.

interface Entry {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

export const catalogue = {
  'invalid-url': {
    code: '10003',
    status: 422,
    title: 'Invalid URL',
    detail: 'The value must be a whole http or https URL of at most 2000 characters, without user name and password.',
  },
  'missing-parameter': {
    code: '10004',
    status: 422,
    title: 'Missing required parameter',
    detail: 'A required parameter is missing or blank.',
  },
  'not-found': {
    code: '10005',
    status: 404,
    title: 'Resource not found',
    detail: 'The requested resource or URL could not be found.',
  },
  'internal-error': {
    code: '10007',
    status: 500,
    title: 'Internal server error',
    detail: 'An unexpected error occurred. It was logged.',
  },
  unavailable: {
    code: '10007',
    status: 503,
    title: 'Service unavailable',
    detail: 'The command could not be stored and was not carried out. Try it again.',
  },
  'request-timeout': {
    code: '10008',
    status: 408,
    title: 'Request timeout',
    detail: 'The request did not arrive in time.',
  },
  unauthenticated: {
    code: '10009',
    status: 401,
    title: 'Authentication failed',
    detail: 'The required authentication headers were either invalid or not included in the request.',
  },
  'not-allowed': {
    code: '10010',
    status: 403,
    title: 'Not authorized',
    detail: 'The scope of this API key does not include this request.',
  },
  'in-settings': {
    code: '10010',
    status: 403,
    title: 'Not authorized',
    detail: 'This is part of the settings of the server: change it there and restart.',
  },
  'too-many-requests': {
    code: '10011',
    status: 429,
    title: 'Too many requests',
    detail: 'You have exceeded the maximum number of allowed requests.',
  },
  'target-refused': {
    code: '10010',
    status: 403,
    title: 'Not authorized',
    detail:
      'This target may not be called: the lists of allowed and denied targets of the server or application say so.',
  },
  'too-many-dials': {
    code: '90103',
    status: 429,
    title: 'Too many requests',
    detail: 'This application makes as many calls a second as its dials_per_second lets it make. Try again later.',
  },
  overloaded: {
    code: '10011',
    status: 429,
    title: 'Too many requests',
    detail: 'The server has as many calls as it can serve. Calls that are live go on; try again later.',
  },
  duplicate: {
    code: '10012',
    status: 422,
    title: 'Duplicate resource',
    detail: 'Another resource has this already.',
  },
  'unsupported-media-type': {
    code: '10014',
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'The request body must be application/json.',
  },
  'bad-request': { code: '10015', status: 400, title: 'Bad Request', detail: 'The request could not be understood.' },
  'method-not-allowed': {
    code: '10015',
    status: 405,
    title: 'Method Not Allowed',
    detail: 'This resource does not take this method.',
  },
  'body-too-large': {
    code: '10015',
    status: 413,
    title: 'Payload Too Large',
    detail: 'The request body is larger than this server accepts.',
  },
  'headers-too-large': {
    code: '10015',
    status: 431,
    title: 'Request Header Fields Too Large',
    detail: 'The request line and headers are larger than this server accepts.',
  },
  'invalid-value': {
    code: '10015',
    status: 422,
    title: 'Invalid value',
    detail: 'The value is not valid for this parameter.',
  },
  'invalid-connection': {
    code: '10015',
    status: 422,
    title: 'Invalid value for connection_id (Call Control App ID)',
    detail: 'There is no Call Control application with this id.',
  },
  'inactive-connection': {
    code: '10015',
    status: 422,
    title: 'Invalid value for connection_id (Call Control App ID)',
    detail: 'This Call Control application is not active: it takes and makes no new calls.',
  },
  'invalid-number': {
    code: '10016',
    status: 422,
    title: 'Phone number must be in +E164 format',
    detail: 'The value must be a number such as +13125550100, or a sip: or sips: URI.',
  },
  'no-route': {
    code: '10015',
    status: 422,
    title: 'Invalid value',
    detail: 'No trunk takes calls to this number. Dial a sip: URI, or give a trunk a `uri` and the prefix.',
  },
  'trunks-full': {
    code: '90033',
    status: 422,
    title: 'Unable to execute command',
    detail: 'Every trunk that takes calls to this number has as many as it may.',
  },
  'application-full': {
    code: '90033',
    status: 422,
    title: 'Unable to execute command',
    detail: 'This Call Control application has as many outbound calls as its channel_limit lets it have.',
  },
  'needs-media': {
    code: '10027',
    status: 422,
    title: 'Unprocessable Entity',
    detail: 'This needs a media engine, which this server does not have.',
  },
  'vendor-service': {
    code: '10027',
    status: 422,
    title: 'Unprocessable Entity',
    detail: 'This is a service that Telnyx runs, which this server does not have.',
  },
  'invalid-json': { code: '10023', status: 400, title: 'Invalid JSON', detail: 'The request body is not valid JSON.' },
  'in-use': {
    code: '10027',
    status: 422,
    title: 'Unprocessable Entity',
    detail: 'The resource is in use and cannot be deleted.',
  },
  'bad-encoding': {
    code: '10028',
    status: 400,
    title: 'Character encoding error',
    detail: 'The request body is not valid UTF-8.',
  },
  'invalid-enum': {
    code: '10032',
    status: 422,
    title: 'Invalid enumerated value',
    detail: 'The value must be one of those listed for this parameter.',
  },
  'out-of-range': {
    code: '10033',
    status: 422,
    title: 'Value outside of range',
    detail: 'The value is outside of the allowed range.',
  },
  'invalid-call-control-id': {
    code: '90015',
    status: 422,
    title: 'Invalid Call Control ID',
    detail: 'The call_control_id provided was not valid.',
  },
  'call-ended': {
    code: '90018',
    status: 422,
    title: 'Call has already ended',
    detail: "This call is no longer active and can't receive commands.",
  },
  'queue-full': {
    code: '90036',
    status: 422,
    title: 'Queue full',
    detail: 'As many calls wait in this queue as it may have.',
  },
  'already-queued': {
    code: '90038',
    status: 422,
    title: 'Call already in queue',
    detail: 'This call waits in a queue already.',
  },
  'queue-not-empty': {
    code: '90050',
    status: 400,
    title: 'Unable to delete queue',
    detail: 'Calls wait in this queue: it can be deleted when they have left.',
  },
  'unable-to-execute': {
    code: '90033',
    status: 422,
    title: 'Unable to execute command',
    detail: 'This call cannot carry out this command in its present state.',
  },
  'not-answered': {
    code: '90034',
    status: 422,
    title: 'Call not answered yet',
    detail: "This call can't receive this command because it has not been answered yet.",
  },
} as const satisfies Record<string, Entry>;

export type RefusalName = keyof typeof catalogue;

/** Why a request was refused. `pointer` is a JSON pointer into its body, `parameter` names a query parameter. */
export interface Refusal {
  readonly name: RefusalName;
  readonly detail?: string;
  readonly pointer?: string;
  readonly parameter?: string;
  /** Of one that came too soon: how much there may be at once, and in how many seconds there may be so much again. */
  readonly rate?: { readonly limit: number; readonly resetS: number };
}

/** The body of an answer that refuses: `{"errors":[…]}`. */
export function errorBody(refusals: readonly Refusal[]): { errors: object[] } {
  return {
    errors: refusals.map(({ name, detail, pointer, parameter }) => ({
      code: catalogue[name].code,
      title: catalogue[name].title,
      detail: detail ?? catalogue[name].detail,
      ...(pointer || parameter ? { source: { ...(pointer && { pointer }), ...(parameter && { parameter }) } } : {}),
    })),
  };
}

/** The HTTP status of an answer that refuses: that of its first refusal. */
export function statusOf(refusals: readonly [Refusal, ...Refusal[]]): number {
  return catalogue[refusals[0].name].status;
}
