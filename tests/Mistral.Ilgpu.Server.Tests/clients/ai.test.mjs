// The provider of Vercel's AI SDK for OpenAI's API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateObject, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { callers, cities, citySchema, tiny } from './servers.mjs';

const of = url => createOpenAICompatible({
  name: 'mistral', baseURL: `${url}v1`, includeUsage: true, supportsStructuredOutputs: true,
});
const provider = of(tiny);
const question = { model: provider('tiny'), prompt: 'What is 7 + 5?', temperature: 0, maxRetries: 0 };

test('a whole answer', async () => {
  const answer = await generateText(question);
  assert.equal(answer.text, '7 + 5 = 12.');
  assert.equal(answer.finishReason, 'stop');
});

test('a streamed answer is the whole one', async () => {
  const answer = streamText(question);
  let text = '';
  for await (const part of answer.textStream) {
    text += part;
  }
  assert.equal(text, '7 + 5 = 12.');
  assert.ok((await answer.usage).outputTokens > 5);
});

test('a JSON schema', async () => {
  const schema = jsonSchema({
    type: 'object', properties: { sum: { enum: [11, 12] } }, required: ['sum'], additionalProperties: false,
  });
  const { output } = await generateText({ ...question, output: Output.object({ schema }) });
  assert.ok([11, 12].includes(output.sum));
});

test('an object of zod', async () => {
  const { object } = await generateObject({ ...question, maxOutputTokens: 100, schema: z.object({ sum: z.number().int() }) });
  assert.equal(typeof object.sum, 'number');
});

const inputs = { MARKED: jsonSchema(citySchema), LISTED: z.object({ city: z.enum(cities) }) };
for (const { format, url, model } of callers) {
  test(`a tool is called, whole and streamed: ${format}`, async () => {
    const weather = tool({ description: 'The weather of a city.', inputSchema: inputs[format] });
    const call = {
      model: of(url)(model), prompt: 'x', temperature: 0, maxOutputTokens: 200, maxRetries: 0, tools: { weather },
      toolChoice: 'required', providerOptions: { mistral: { parallel_tool_calls: false } },
    };
    const whole = await generateText(call);
    const streamed = streamText(call);
    for (const calls of [whole.toolCalls, await streamed.toolCalls]) {
      assert.equal(calls[0].toolName, 'weather');
      assert.ok(cities.includes(calls[0].input.city));
    }
  });
}

test('embeddings', async () => {
  const { embeddings } = await embedMany({ model: provider.embeddingModel('tiny'), values: ['a cat', 'a dog'] });
  assert.equal(embeddings.length, 2);
  assert.ok(embeddings[0].length > 100);
  assert.ok(embeddings.every(embedding => Math.abs(Math.hypot(...embedding) - 1) < 1e-4));
});
