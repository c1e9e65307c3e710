using System.Text;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Forms that a text must have: what is taken must lead to an end, however the first tokens are chosen.</summary>
internal static class ConstraintReaders
{
    private const int MostTokens = 12;

    public static IEnumerable<FuzzTarget> All()
    {
        // It has a token for every byte, so that each text can be written.
        var tokenizer = TokenizerFile.Load(JsonSeeds.Tekken("v3"), "tekken.json", null);
        yield return Target("json-schema", 6, ConstraintKind.JsonSchema, tokenizer, [.. Schemas.Select(text => new JsonMutator(text))]);
        yield return Target("pattern", 3, ConstraintKind.Regex, tokenizer, [.. Patterns.Select(text => new BinaryMutator(Encoding.UTF8.GetBytes(text)))]);
        yield return Target("grammar", 3, ConstraintKind.Grammar, tokenizer, new BinaryMutator(Grammar));
    }

    private static IEnumerable<byte[]> Schemas =>
    [
        """
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["a", "b"], "minProperties": 2,
        "properties": {"a": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-c]+\\d*$"},
        "b": {"type": ["integer", "null"], "minimum": -3, "exclusiveMaximum": 40, "multipleOf": 1.5},
        "c": {"type": "array", "items": {"$ref": "#/$defs/x"}, "minItems": 1, "maxItems": 3, "contains": {"const": 1}}},
        "patternProperties": {"^p": {"format": "date"}}, "additionalProperties": false, "propertyNames": {"maxLength": 5},
        "$defs": {"x": {"anyOf": [{"enum": [1, "one", null, {"y": [2]}]}, {"$ref": "#/$defs/x"}]}}}
        """u8.ToArray(),
        """
        {"$schema": "http://json-schema.org/draft-07/schema#", "oneOf": [{"required": ["a"]}, {"required": ["b"], "not": {"required": ["c"]}}],
        "allOf": [{"if": {"properties": {"a": {"const": 1}}}, "then": {"maxProperties": 2}, "else": {"dependencies": {"a": ["b"], "c": {"minProperties": 2}}}}],
        "items": [{"type": "null"}], "additionalItems": {"type": "boolean"}, "not": {"type": "string"}}
        """u8.ToArray(),
    ];

    private static IEnumerable<string> Patterns =>
        ["^(?=.*a)(?!b)[^c-f\\w]{2,5}(x|y\\d)*?\\p{L}+$", "(a|ab)(c|bcd)(d*){1,3}", "\\u00e9[\\x41-\\x5a]?(?<n>.{0,40}z)"];

    private static byte[] Grammar => """
        # a comment
        root ::= (item "," ws)* item{1,2} | "\x41\u00e9" [^a-f\n]+
        item ::= "(" root? ")" | [0-9]{0,4} .
        ws ::= [ \t]*
        """u8.ToArray();

    private static FuzzTarget Target(
        string name, int share, ConstraintKind kind, TextTokenizer tokenizer, params IMutator[] mutators) => new(
        name, share, [.. mutators.Select(mutator => new FuzzSeed((name, mutator)))],
        input => Walk(new ConstraintSource(kind, Encoding.UTF8.GetString(input[name])).Compile(), tokenizer));

    private static void Walk(CompiledConstraint constraint, TextTokenizer tokenizer)
    {
        var matcher = new ConstraintMatcher(constraint, tokenizer, dropsFirstSpace: true);
        for (int i = 0; i < MostTokens; i++)
        {
            var tokens = matcher.Mask().ToList();
            if (tokens.Count == 0)
            {
                if (!matcher.IsComplete)
                {
                    throw new InvalidOperationException($"nothing may follow {i} tokens, and the text may not end");
                }

                break;
            }

            if (!matcher.TryAccept(tokens[i * 7 % tokens.Count]))
            {
                throw new InvalidOperationException("a token of the mask may not follow");
            }
        }
    }
}
