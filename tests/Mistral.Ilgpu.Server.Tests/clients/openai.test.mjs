// OpenAI's own client against a server: MISTRAL_TINY serves tiny, MISTRAL_TOOLS a model whose chat format has tools.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.env.MISTRAL_TINY}v1`, apiKey: 'none', maxRetries: 0 });
const tools = new OpenAI({ baseURL: `${process.env.MISTRAL_TOOLS}v1`, apiKey: 'none', maxRetries: 0 });
const question = { model: 'tiny', temperature: 0, messages: [{ role: 'user', content: 'What is 7 + 5?' }] };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    strict: true,
    parameters: {
      type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'], additionalProperties: false,
    },
  },
};
const call = {
  model: process.env.MISTRAL_TOOLS_MODEL, temperature: 0, max_tokens: 200, tools: [weather], tool_choice: 'required',
  parallel_tool_calls: false, messages: [{ role: 'user', content: 'x' }],
};

test('a whole answer', async () => {
  const answer = await client.chat.completions.create(question);
  assert.equal(answer.choices[0].message.content, '7 + 5 = 12.');
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test('a streamed answer is the whole one', async () => {
  const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, '7 + 5 = 12.');
  assert.ok(usage.completion_tokens > 0);
});

test('log-probabilities', async () => {
  const answer = await client.chat.completions.create({ ...question, logprobs: true, top_logprobs: 3 });
  const tokens = answer.choices[0].logprobs.content;
  assert.equal(tokens.filter(token => token.top_logprobs.length === 3).length, tokens.length);
  assert.equal(tokens.map(token => token.token).join('').trim(), '7 + 5 = 12.');
  assert.ok(tokens.every(token => token.logprob <= 0 && token.logprob === token.top_logprobs[0].logprob));
});

test('a JSON schema', async () => {
  const schema = {
    type: 'object', properties: { sum: { enum: [11, 12] }, sure: { type: 'boolean' } }, required: ['sum', 'sure'],
    additionalProperties: false,
  };
  const answer = await client.chat.completions.parse({
    ...question, max_tokens: 100, response_format: { type: 'json_schema', json_schema: { name: 'sum', strict: true, schema } },
  });
  const value = JSON.parse(answer.choices[0].message.content);
  assert.ok([11, 12].includes(value.sum) && typeof value.sure === 'boolean');
});

test('a tool is called', async () => {
  const answer = await tools.chat.completions.create(call);
  const [made] = answer.choices[0].message.tool_calls;
  assert.equal(answer.choices[0].finish_reason, 'tool_calls');
  assert.equal(made.function.name, 'weather');
  assert.ok(['Paris', 'Rome'].includes(JSON.parse(made.function.arguments).city));
  // The answer and the tool's result are a conversation that goes on.
  const next = await tools.chat.completions.create({
    ...call, tool_choice: 'none', max_tokens: 4,
    messages: [...call.messages, answer.choices[0].message, { role: 'tool', tool_call_id: made.id, content: 'sunny' }],
  });
  assert.equal(next.usage.completion_tokens > 0, true);
});

test('a streamed call', async () => {
  const answer = await tools.chat.completions.stream(call).finalChatCompletion();
  const [made] = answer.choices[0].message.tool_calls;
  assert.equal(made.function.name, 'weather');
  assert.ok(['Paris', 'Rome'].includes(JSON.parse(made.function.arguments).city));
});

test('embeddings', async () => {
  const answer = await client.embeddings.create({ model: 'tiny', input: ['a cat', 'a dog'] });
  assert.equal(answer.data.length, 2);
  for (const { embedding } of answer.data) {
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-4);
  }
});

test('a refusal names the field', async () => {
  await assert.rejects(
    client.chat.completions.create({ ...question, temperature: 9 }),
    error => error instanceof OpenAI.BadRequestError && error.param === 'temperature');
});
