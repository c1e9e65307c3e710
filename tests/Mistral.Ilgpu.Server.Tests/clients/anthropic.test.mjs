// Anthropic's own client against a server: MISTRAL_TINY serves tiny, MISTRAL_TOOLS a model whose chat format has tools.
import assert from 'node:assert/strict';
import test from 'node:test';
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: process.env.MISTRAL_TINY, apiKey: 'none', maxRetries: 0 });
const tools = new Anthropic({ baseURL: process.env.MISTRAL_TOOLS, apiKey: 'none', maxRetries: 0 });
const question = {
  model: 'tiny', max_tokens: 64, temperature: 0, messages: [{ role: 'user', content: 'What is 7 + 5?' }],
};
const call = {
  model: process.env.MISTRAL_TOOLS_MODEL, max_tokens: 200, temperature: 0, messages: [{ role: 'user', content: 'x' }],
  tools: [{
    name: 'weather',
    input_schema: {
      type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'], additionalProperties: false,
    },
  }],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
};

test('a whole message', async () => {
  const message = await client.messages.create(question);
  assert.deepEqual(message.content.map(block => block.text), ['7 + 5 = 12.']);
  assert.equal(message.stop_reason, 'end_turn');
});

test('a streamed message is the whole one', async () => {
  const stream = client.messages.stream(question);
  let text = '';
  stream.on('text', part => { text += part; });
  const message = await stream.finalMessage();
  assert.equal(text, '7 + 5 = 12.');
  assert.equal(message.content[0].text, text);
  assert.ok(message.usage.output_tokens > 0);
});

test('tokens are counted as a message counts them', async () => {
  const { max_tokens, temperature, ...counted } = question;
  const count = await client.messages.countTokens(counted);
  const { usage } = await client.messages.create(question);
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  assert.equal(count.input_tokens, usage.input_tokens + cached);
});

test('a tool is called, whole and streamed', async () => {
  const whole = await tools.messages.create(call);
  const streamed = await tools.messages.stream(call).finalMessage();
  for (const message of [whole, streamed]) {
    const use = message.content.find(block => block.type === 'tool_use');
    assert.equal(message.stop_reason, 'tool_use');
    assert.equal(use.name, 'weather');
    assert.ok(['Paris', 'Rome'].includes(use.input.city));
  }
});

test('a refusal is of its shape', async () => {
  await assert.rejects(
    client.messages.create({ ...question, temperature: 9 }),
    error => error instanceof Anthropic.BadRequestError && error.error.error.type === 'invalid_request_error');
});
