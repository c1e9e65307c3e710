// OpenAI's own client.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { callers, cities, citySchema, sumSchema, tiny } from './servers.mjs';

const of = url => new OpenAI({ baseURL: `${url}v1`, apiKey: 'none', maxRetries: 0 });
const client = of(tiny);
const question = { model: 'tiny', temperature: 0, messages: [{ role: 'user', content: 'What is 7 + 5?' }] };
const weather = { name: 'weather', strict: true, parameters: citySchema };

test('a whole answer', async () => {
  const answer = await client.chat.completions.create(question);
  assert.equal(answer.choices[0].message.content, '7 + 5 = 12.');
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test('a streamed answer is the whole one', async () => {
  const whole = await client.chat.completions.create(question);
  const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, '7 + 5 = 12.');
  assert.ok(usage.completion_tokens > 0);
  assert.deepEqual({ ...usage, prompt_tokens_details: 0 }, { ...whole.usage, prompt_tokens_details: 0 });
});

test('log-probabilities', async () => {
  const answer = await client.chat.completions.create({ ...question, logprobs: true, top_logprobs: 3 });
  const tokens = answer.choices[0].logprobs.content;
  assert.equal(tokens.filter(token => token.top_logprobs.length === 3).length, tokens.length);
  assert.equal(tokens.map(token => token.token).join('').trim(), '7 + 5 = 12.');
  assert.ok(tokens.every(token => token.logprob <= 0 && token.logprob === token.top_logprobs[0].logprob));
});

test('log-probabilities of the prompt', async () => {
  const scored = await client.completions.create({
    model: 'tiny', prompt: 'Once upon a time', echo: true, logprobs: 1, max_tokens: 1, temperature: 0,
  });
  const values = scored.choices[0].logprobs.token_logprobs;
  assert.equal(values[0], null);
  assert.ok(values.length > 4);
});

test('a JSON schema of any number', async () => {
  const answer = await client.chat.completions.create({
    ...question, max_tokens: 100,
    response_format: { type: 'json_schema', json_schema: { name: 'sum', strict: true, schema: sumSchema } },
  });
  assert.equal(typeof JSON.parse(answer.choices[0].message.content).sum, 'number');
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

for (const { format, url, model } of callers) {
  const tools = of(url);
  const call = {
    model, temperature: 0, max_tokens: 200, tools: [{ type: 'function', function: weather }], tool_choice: 'required',
    parallel_tool_calls: false, messages: [{ role: 'user', content: 'x' }],
  };

  test(`a tool is called, and its call streamed: ${format}`, async () => {
    const answer = await tools.chat.completions.create(call);
    const [made] = answer.choices[0].message.tool_calls;
    assert.equal(answer.choices[0].finish_reason, 'tool_calls');
    assert.equal(made.function.name, 'weather');
    assert.ok(cities.includes(JSON.parse(made.function.arguments).city));
    const streamed = await tools.chat.completions.stream(call).finalChatCompletion();
    const [part] = streamed.choices[0].message.tool_calls;
    assert.equal(part.function.name, 'weather');
    assert.equal(part.function.arguments, made.function.arguments);
    assert.equal(part.id, made.id);
    // The answer and the tool's result are a conversation that goes on.
    const next = await tools.chat.completions.create({
      ...call, tool_choice: 'none', max_tokens: 4,
      messages: [...call.messages, answer.choices[0].message, { role: 'tool', tool_call_id: made.id, content: 'sunny' }],
    });
    assert.equal(next.choices.length, 1);
    assert.equal(next.usage.completion_tokens > 0, true);
  });

  test(`a response that calls a tool: ${format}`, async () => {
    const called = await tools.responses.stream({
      model, input: 'x', temperature: 0, tool_choice: 'required', parallel_tool_calls: false,
      tools: [{ type: 'function', ...weather }],
    }).finalResponse();
    assert.ok(cities.includes(JSON.parse(called.output.find(item => item.type === 'function_call').arguments).city));
  });
}

test('a response, whole and streamed', async () => {
  const request = { model: 'tiny', input: 'What is 7 + 5?', temperature: 0 };
  assert.equal((await client.responses.create(request)).output_text, '7 + 5 = 12.');
  assert.equal((await client.responses.stream(request).finalResponse()).output_text, '7 + 5 = 12.');
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

test('a model that is not there', async () => {
  await assert.rejects(client.chat.completions.create({ ...question, model: 'other' }), OpenAI.NotFoundError);
});
