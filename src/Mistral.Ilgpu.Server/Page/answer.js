// Makes the answer to a conversation: sends the request, collects what comes, and counts.

import { chat } from './api.js';

const numbers = {
  temperature: Number, top_p: Number, min_p: Number, repetition_penalty: Number,
  max_tokens: toInteger, top_k: toInteger, seed: toInteger,
};

/** The fields of a request that settings state. Throws an error that names the setting if one cannot be read. */
export function requestOf(settings) {
  const request = {};
  for (const [name, read] of Object.entries(numbers)) {
    const text = settings[name].trim().replace(',', '.');
    if (!text) continue;
    const value = read(text);
    if (!Number.isFinite(value)) throw new Error(`${name}: found “${settings[name]}”, expected a number`);
    request[name] = value;
  }
  if (settings.stop) request.stop = [settings.stop.replaceAll('\\n', '\n')];
  const schema = parse(settings.schema, 'JSON schema');
  if (schema !== null) {
    request.response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } };
  }
  const tools = parse(settings.tools, 'Tools');
  if (tools !== null) {
    if (!Array.isArray(tools)) throw new Error('Tools: found no list, expected [{"type": "function", …}]');
    request.tools = tools;
  }
  return request;
}

/**
 * Fills a message of an assistant with the answer to others. What came before an error or a stop stays.
 * @param changed Is called after each part.
 */
export async function fill(node, request, key, signal, changed) {
  const begun = performance.now();
  let first = 0;
  let last = 0;
  let parts = 0;
  let usage = null;
  try {
    for await (const chunk of chat(request, key, signal)) {
      usage = chunk.usage ?? usage;
      const choice = chunk.choices?.[0];
      if (!choice) continue;
      node.finish = choice.finish_reason ?? node.finish;
      if (take(node, choice.delta ?? {})) {
        last = performance.now();
        first ||= last;
        parts++;
        node.stats = statsOf(null, parts, begun, first, last);
        changed();
      }
    }
  } catch (error) {
    if (signal.aborted) node.finish = 'stopped';
    else throw error;
  } finally {
    node.stats = statsOf(usage, parts, begun, first, last);
    changed();
  }
}

// Adds a part to the message; false for a part with nothing to show.
function take(node, delta) {
  const reasoning = delta.reasoning_content ?? delta.reasoning ?? '';
  node.content += delta.content ?? '';
  node.reasoning += reasoning;
  for (const part of delta.tool_calls ?? []) {
    const call = node.calls[part.index ?? 0] ??= { id: '', name: '', arguments: '' };
    call.id = part.id ?? call.id;
    call.name += part.function?.name ?? '';
    call.arguments += part.function?.arguments ?? '';
  }
  return Boolean(delta.content || reasoning || delta.tool_calls?.length);
}

// Without the server's count a part is taken for a token, until the count comes.
function statsOf(usage, parts, begun, first, last) {
  if (!first) return null;
  const tokens = usage?.completion_tokens ?? parts;
  const seconds = (last - first) / 1000;
  return {
    tokens,
    perSecond: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
    firstToken: (first - begun) / 1000,
    prompt: usage?.prompt_tokens ?? null,
    cached: usage?.prompt_tokens_details?.cached_tokens ?? null,
  };
}

function toInteger(text) {
  return /^-?\d+$/.test(text) ? Number(text) : NaN;
}

function parse(text, name) {
  if (!text.trim()) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: ${error.message}`);
  }
}
