// The provider of Vercel's AI SDK for OpenAI's API: MISTRAL_TINY serves tiny, MISTRAL_TOOLS a model whose chat format has tools.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai';

const of = url => createOpenAICompatible({
  name: 'mistral', baseURL: `${url}v1`, includeUsage: true, supportsStructuredOutputs: true,
});
const provider = of(process.env.MISTRAL_TINY);
const tools = of(process.env.MISTRAL_TOOLS)(process.env.MISTRAL_TOOLS_MODEL);
const question = { model: provider('tiny'), prompt: 'What is 7 + 5?', temperature: 0, maxRetries: 0 };
const weather = tool({
  description: 'The weather of a city.',
  inputSchema: jsonSchema({
    type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'], additionalProperties: false,
  }),
});
const call = {
  model: tools, prompt: 'x', temperature: 0, maxOutputTokens: 200, maxRetries: 0, tools: { weather }, toolChoice: 'required',
  providerOptions: { mistral: { parallel_tool_calls: false } },
};

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
  assert.ok((await answer.usage).outputTokens > 0);
});

test('a JSON schema', async () => {
  const schema = jsonSchema({
    type: 'object', properties: { sum: { enum: [11, 12] } }, required: ['sum'], additionalProperties: false,
  });
  const { output } = await generateText({ ...question, output: Output.object({ schema }) });
  assert.ok([11, 12].includes(output.sum));
});

test('a tool is called, whole and streamed', async () => {
  const whole = await generateText(call);
  const streamed = streamText(call);
  for (const calls of [whole.toolCalls, await streamed.toolCalls]) {
    assert.equal(calls[0].toolName, 'weather');
    assert.ok(['Paris', 'Rome'].includes(calls[0].input.city));
  }
});

test('embeddings', async () => {
  const { embeddings } = await embedMany({ model: provider.embeddingModel('tiny'), values: ['a cat', 'a dog'] });
  assert.equal(embeddings.length, 2);
  assert.ok(embeddings.every(embedding => Math.abs(Math.hypot(...embedding) - 1) < 1e-4));
});
