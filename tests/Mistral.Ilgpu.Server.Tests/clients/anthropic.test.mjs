// Anthropic's own client.
import assert from 'node:assert/strict';
import test from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { callers, cities, citySchema, tiny } from './servers.mjs';

const of = url => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const client = of(tiny);
const question = {
  model: 'tiny', max_tokens: 64, temperature: 0, messages: [{ role: 'user', content: 'What is 7 + 5?' }],
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
  assert.deepEqual(message.content, (await client.messages.create(question)).content);
});

test('tokens are counted as a message counts them', async () => {
  const { max_tokens, temperature, ...counted } = question;
  const count = await client.messages.countTokens(counted);
  const { usage } = await client.messages.create(question);
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  assert.equal(count.input_tokens, usage.input_tokens + cached);
});

for (const { format, url, model } of callers) {
  test(`a tool is called, whole and streamed: ${format}`, async () => {
    const tools = of(url);
    for (const choice of [{ type: 'any' }, { type: 'tool', name: 'weather' }]) {
      const call = {
        model, max_tokens: 200, temperature: 0, messages: [{ role: 'user', content: 'x' }],
        tools: [{ name: 'weather', input_schema: citySchema }],
        tool_choice: { ...choice, disable_parallel_tool_use: true },
      };
      const whole = await tools.messages.create(call);
      const streamed = await tools.messages.stream(call).finalMessage();
      for (const message of [whole, streamed]) {
        const use = message.content.find(block => block.type === 'tool_use');
        assert.equal(message.stop_reason, 'tool_use');
        assert.equal(use.name, 'weather');
        assert.ok(cities.includes(use.input.city));
      }
      assert.deepEqual(streamed.content, whole.content);
    }
  });
}

test('a refusal is of its shape', async () => {
  await assert.rejects(
    client.messages.create({ ...question, temperature: 9 }),
    error => error instanceof Anthropic.BadRequestError && error.error.error.type === 'invalid_request_error');
});
