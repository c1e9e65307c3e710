// Asks the server that the page came from.

export class ApiError extends Error {
  constructor(status, message, parameter) {
    super(parameter && !message.startsWith(parameter) ? `${parameter}: ${message}` : message);
    this.status = status;
  }
}

/** The models that may be named. */
export async function models(key) {
  const answer = await fetch('v1/models', { headers: headers(key) });
  if (!answer.ok) throw await errorOf(answer);
  return (await answer.json()).data ?? [];
}

/** Sends a conversation and gives the chunks of the answer as they come. */
export async function* chat(request, key, signal) {
  const answer = await fetch('v1/chat/completions', {
    method: 'POST',
    headers: { ...headers(key), 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!answer.ok) throw await errorOf(answer);
  let isDone = false;
  for await (const data of events(answer.body)) {
    if (data === '[DONE]') {
      isDone = true;
      break;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(500, chunk.error.message ?? 'The answer failed.', chunk.error.param);
    yield chunk;
  }
  if (!isDone) throw new ApiError(0, 'The connection ended before the answer did.');
}

// The data of server-sent events, each of which is one line here.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith('data:')) yield line.slice(5).trimStart();
      }
    }
  } finally {
    // A reader that leaves early tells the server to stop.
    await reader.cancel().catch(() => {});
  }
}

function headers(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function errorOf(answer) {
  let message = `The server answered with status ${answer.status}.`;
  let parameter = null;
  try {
    const { error } = await answer.json();
    message = error?.message ?? message;
    parameter = error?.param;
  } catch {
    // A proxy's own page.
  }
  const wait = answer.headers.get('Retry-After');
  return new ApiError(answer.status, wait ? `${message} (try again in ${wait} s)` : message, parameter);
}
