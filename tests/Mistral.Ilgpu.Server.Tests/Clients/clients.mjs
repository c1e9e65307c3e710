// Drives two servers with the official clients: one of a model that answers, and one of a model that calls functions.
// usage: node clients.mjs ANSWERING_URL CALLING_URL
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embed, generateObject, generateText, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';

const [answering, calling] = process.argv.slice(2);
const question = [{ role: 'user', content: 'What is 7 + 5?' }];
const answer = '7 + 5 = 12.';
const city = { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'], additionalProperties: false };
const cities = ['Paris', 'Rome'];
const schema = { type: 'object', properties: { sum: { type: 'integer' } }, required: ['sum'], additionalProperties: false };

const checks = {
  async 'openai: chat, whole and streamed'() {
    const client = openai(answering);
    const whole = await client.chat.completions.create({ model: 'tiny', messages: question, temperature: 0 });
    assert.equal(whole.choices[0].message.content, answer);
    assert.equal(whole.choices[0].finish_reason, 'stop');
    const stream = await client.chat.completions.create({
      model: 'tiny', messages: question, temperature: 0, stream: true, stream_options: { include_usage: true } });
    let text = '', usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, answer);
    assert.deepEqual({ ...usage, prompt_tokens_details: 0 }, { ...whole.usage, prompt_tokens_details: 0 });
  },

  async 'openai: log-probabilities'() {
    const { choices } = await openai(answering).chat.completions.create({
      model: 'tiny', messages: question, temperature: 0, logprobs: true, top_logprobs: 2 });
    const tokens = choices[0].logprobs.content;
    assert.equal(tokens.map(token => token.token).join('').trim(), answer);
    assert.ok(tokens.every(token => token.logprob <= 0 && token.top_logprobs.length === 2));
    const scored = await openai(answering).completions.create({
      model: 'tiny', prompt: 'Once upon a time', echo: true, logprobs: 1, max_tokens: 1, temperature: 0 });
    assert.equal(scored.choices[0].logprobs.token_logprobs[0], null);
    assert.ok(scored.choices[0].logprobs.token_logprobs.length > 4);
  },

  async 'openai: JSON schema'() {
    const { choices } = await openai(answering).chat.completions.create({
      model: 'tiny', messages: question, temperature: 0, max_tokens: 100,
      response_format: { type: 'json_schema', json_schema: { name: 'sum', strict: true, schema } } });
    assert.equal(typeof JSON.parse(choices[0].message.content).sum, 'number');
  },

  async 'openai: embeddings'() {
    const { data } = await openai(answering).embeddings.create({ model: 'tiny', input: ['a', 'b'] });
    assert.equal(data.length, 2);
    assert.ok(Math.abs(Math.hypot(...data[0].embedding) - 1) < 1e-4);
  },

  async 'openai: tools, whole and streamed'() {
    const request = {
      model: await modelOf(calling), messages: question, temperature: 0, max_tokens: 200, tool_choice: 'required',
      parallel_tool_calls: false, tools: [{ type: 'function', function: { name: 'weather', parameters: city, strict: true } }] };
    const whole = await openai(calling).chat.completions.create(request);
    const call = whole.choices[0].message.tool_calls[0];
    assert.equal(whole.choices[0].finish_reason, 'tool_calls');
    assert.equal(call.function.name, 'weather');
    assert.ok(cities.includes(JSON.parse(call.function.arguments).city));
    const streamed = await openai(calling).chat.completions.stream(request).finalChatCompletion();
    assert.deepEqual(streamed.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);
    assert.equal(streamed.choices[0].message.tool_calls[0].id, call.id);
    const next = await openai(calling).chat.completions.create({
      ...request, tool_choice: 'none', max_tokens: 5,
      messages: [...question, whole.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'sunny' }] });
    assert.equal(next.choices.length, 1);
  },

  async 'openai: responses'() {
    const whole = await openai(answering).responses.create({ model: 'tiny', input: 'What is 7 + 5?', temperature: 0 });
    assert.equal(whole.output_text, answer);
    const streamed = await openai(answering).responses.stream({ model: 'tiny', input: 'What is 7 + 5?', temperature: 0 })
      .finalResponse();
    assert.equal(streamed.output_text, answer);
    const called = await openai(calling).responses.stream({
      model: await modelOf(calling), input: 'x', temperature: 0, tool_choice: 'required', parallel_tool_calls: false,
      tools: [{ type: 'function', name: 'weather', parameters: city, strict: true }] }).finalResponse();
    assert.ok(cities.includes(JSON.parse(called.output.find(item => item.type === 'function_call').arguments).city));
  },

  async 'openai: errors'() {
    await assert.rejects(
      openai(answering).chat.completions.create({ model: 'tiny', messages: question, temperature: 9 }),
      error => error instanceof OpenAI.BadRequestError && error.param === 'temperature');
    await assert.rejects(
      openai(answering).chat.completions.create({ model: 'other', messages: question }), OpenAI.NotFoundError);
  },

  async 'anthropic: messages, whole, streamed and counted'() {
    const client = anthropic(answering);
    const request = { model: 'tiny', max_tokens: 50, temperature: 0, messages: question };
    const whole = await client.messages.create(request);
    assert.equal(whole.content[0].text, answer);
    assert.equal(whole.stop_reason, 'end_turn');
    const streamed = await client.messages.stream(request).finalMessage();
    assert.deepEqual(streamed.content, whole.content);
    const counted = await client.messages.countTokens({ model: 'tiny', messages: question });
    assert.equal(counted.input_tokens, whole.usage.input_tokens + whole.usage.cache_read_input_tokens);
    await assert.rejects(client.messages.create({ ...request, temperature: 9 }), Anthropic.BadRequestError);
  },

  async 'anthropic: tools'() {
    const request = {
      model: await modelOf(calling), max_tokens: 200, temperature: 0, messages: question,
      tools: [{ name: 'weather', input_schema: city }],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true } };
    const whole = await anthropic(calling).messages.create(request);
    const streamed = await anthropic(calling).messages.stream(request).finalMessage();
    const use = whole.content.find(block => block.type === 'tool_use');
    assert.equal(whole.stop_reason, 'tool_use');
    assert.ok(cities.includes(use.input.city));
    assert.deepEqual(streamed.content, whole.content);
  },

  async 'ai: text, stream, object, tools, embedding'() {
    const provider = createOpenAICompatible({
      name: 'mistral', baseURL: `${answering}/v1`, supportsStructuredOutputs: true, includeUsage: true });
    const model = provider.chatModel('tiny');
    assert.equal((await generateText({ model, messages: question, temperature: 0 })).text, answer);
    const stream = streamText({ model, messages: question, temperature: 0 });
    let text = '';
    for await (const part of stream.textStream) text += part;
    assert.equal(text, answer);
    assert.ok((await stream.usage).outputTokens > 5);
    const { object } = await generateObject({
      model, messages: question, temperature: 0, maxOutputTokens: 100, schema: z.object({ sum: z.number().int() }) });
    assert.equal(typeof object.sum, 'number');
    const { embedding } = await embed({ model: provider.embeddingModel('tiny'), value: 'a' });
    assert.ok(embedding.length > 100);
    const caller = createOpenAICompatible({ name: 'mistral', baseURL: `${calling}/v1` }).chatModel(await modelOf(calling));
    const tools = { weather: tool({ description: 'tells the weather', inputSchema: z.object({ city: z.enum(cities) }) }) };
    const called = await generateText({
      model: caller, messages: question, temperature: 0, maxOutputTokens: 200, tools, toolChoice: 'required',
      providerOptions: { mistral: { parallel_tool_calls: false } } });
    assert.ok(cities.includes(called.toolCalls[0].input.city));
  },
};

function openai(url) {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
}

function anthropic(url) {
  return new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
}

async function modelOf(url) {
  return (await openai(url).models.list()).data[0].id;
}

let failures = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    failures++;
    console.log(`failed  ${name}: ${error.stack ?? error}`);
  }
}

process.exit(failures > 0 ? 1 : 0);
