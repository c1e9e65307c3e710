// The servers that the clients drive: one of tiny, and two of models that call functions. The chat format of one begins each call
// with a token of its own, that of the other has a list of calls.
export const tiny = process.env.MISTRAL_TINY;
export const callers = ['MARKED', 'LISTED'].map(format => ({
  format, url: process.env[`MISTRAL_${format}`], model: process.env[`MISTRAL_${format}_MODEL`],
}));
export const cities = ['Paris', 'Rome'];
export const citySchema = {
  type: 'object', properties: { city: { enum: cities } }, required: ['city'], additionalProperties: false,
};
export const sumSchema = {
  type: 'object', properties: { sum: { type: 'integer' } }, required: ['sum'], additionalProperties: false,
};
