using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Masks of tokens: what they hold, and MaskBench.</summary>
public sealed class MaskTests
{
    private static readonly TextTokenizer Tiny = Checkpoint.Open(Checkpoint.Tiny).Tokenizer;

    public static TheoryData<int, string, string> Texts => new()
    {
        { (int)ConstraintKind.JsonSchema, "{}", """{"name": "A \"quoted\" é😀 text", "a": [1, -2.5e3, true], "nested": {"n": null}}""" },
        {
            (int)ConstraintKind.JsonSchema,
            """{"properties": {"name": {"maxLength": 20}, "named": {"minLength": 4}, "n": {"pattern": "^[a-z]+ .*$"}}, "additionalProperties": {"type": "string"}}""",
            """{"name": "Once upon a time", "n": "once upon", "named": "there was", "nam": "a boy who", "\u00e9": "was"}"""
        },
        {
            (int)ConstraintKind.JsonSchema,
            """{"patternProperties": {"^the": {"type": "integer", "maximum": 40}}, "propertyNames": {"maxLength": 9}}""",
            """{"the boy": 12, "then": -3, "other": "x"}"""
        },
        { (int)ConstraintKind.JsonSchema, """{"enum": ["the fox", "the boy", "then", 12, {"a": ["the"]}]}""", """{"a": ["the"]}""" },
        { (int)ConstraintKind.Regex, "(Once|One day),? [a-z ]{5,30}[.!]", "Once upon a time." },
        { (int)ConstraintKind.Grammar, "root ::= \"[\" root* \"]\" | word\nword ::= [a-z]+ \" \"?", "[the fox [was ]happy ]" },
        { (int)ConstraintKind.Choice, """["yes", "yes, please", "no"]""", "yes, please" },
    };

    // In every state of a text, a token is in the mask where its bytes lead somewhere.
    [Theory]
    [MemberData(nameof(Texts))]
    public void Mask_EachState_HasTheTokensThatGoOn(int kind, string constraint, string text) =>
        CheckMasks(Tiny, (ConstraintKind)kind, constraint, text);

    [Theory]
    [Trait(Needs.Trait, Needs.Shared)]
    [MemberData(nameof(Texts))]
    public void Mask_OfMistralsVocabulary_HasTheTokensThatGoOn(int kind, string constraint, string text) => CheckMasks(
        TokenizerFile.Load(SharedData.PathOf("data/tokenizers/mistral_instruct_tokenizer_240323.model.v3")), (ConstraintKind)kind,
        constraint, text);

    [Fact]
    public void Begin_SpaceThatTheTokenizerDrops_IsNoPartOfTheText()
    {
        var constraint = Constraint.Choice(["yes", "no"]);
        int[] ids = [.. Tiny.EncodeToIds("yes")];
        var matcher = constraint.Begin(Tiny, dropsFirstSpace: true);
        Assert.Equal("yes", Tiny.Decode(ids));
        Assert.All(ids, id => Assert.True(matcher.Mask().Contains(id) && matcher.TryAccept(id)));
        Assert.True(matcher.IsComplete);
        Assert.False(constraint.Begin(Tiny, dropsFirstSpace: false).TryAccept(ids[0]) && Tiny.TextBytesOf(ids[0])![0] == ' ');
    }

    [Fact]
    public void JsonSchema_SameTextTwice_IsOneConstraint() =>
        Assert.Same(Constraint.JsonSchema("""{"const": 3}"""), Constraint.JsonSchema("""{"const": 3}"""));

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void MaskBench_ATenthOfIt_IsReadRightly()
    {
        var tokenizer = TokenizerFile.Load(SharedData.PathOf("data/tokenizers/mistral_instruct_tokenizer_240323.model.v3"));
        using var file = new GZipStream(File.OpenRead(SharedData.PathOf("data/maskbench/tenth.jsonl.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        int passed = 0;
        List<string> wrong = [];
        while (reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            string name = document.RootElement.GetProperty("name").GetString()!;
            if (Compile(document) is not { } compiled)
            {
                continue;
            }

            passed++;
            foreach (var test in document.RootElement.GetProperty("tests").EnumerateArray())
            {
                var matcher = new ConstraintMatcher(compiled, tokenizer, dropsFirstSpace: true);
                bool isAccepted = tokenizer.EncodeToIds(test.GetProperty("data").GetRawText())
                    .All(id => matcher.Mask().Contains(id) && matcher.TryAccept(id)) && matcher.IsComplete;
                if (isAccepted != test.GetProperty("valid").GetBoolean())
                {
                    wrong.Add(name);
                }
            }
        }

        Assert.Empty(wrong);
        // Of 877. LLGuidance passes 79 %.
        Assert.InRange(passed, 850, 877);
    }

    // Tokens taken at random, those that close something more often: some token may always follow, or the text may end.
    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Mask_RandomTextsOfMaskBench_NeverComesToADeadEnd()
    {
        var tokenizer = TokenizerFile.Load(SharedData.PathOf("data/tokenizers/mistral_instruct_tokenizer_240323.model.v3"));
        using var file = new GZipStream(File.OpenRead(SharedData.PathOf("data/maskbench/tenth.jsonl.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        var closing = Enumerable.Range(0, tokenizer.VocabularySize)
            .Where(id => tokenizer.TextBytesOf(id)?.AsSpan().IndexOfAny("\"]},:"u8) >= 0).ToHashSet();
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        int ended = 0;
        while (reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            if (random.Next(4) > 0 || Compile(document) is not { } compiled)
            {
                continue;
            }

            var matcher = new ConstraintMatcher(compiled, tokenizer, dropsFirstSpace: true);
            List<int> taken = [];
            while (taken.Count < 150 && !(matcher.IsComplete && random.Next(2) == 0))
            {
                var mask = matcher.Mask();
                var some = mask.ToList();
                if (some.Count == 0)
                {
                    string name = document.RootElement.GetProperty("name").GetString()!;
                    Assert.True(matcher.IsComplete, $"seed {seed}: {name}: dead behind {tokenizer.Decode(taken)}");
                    break;
                }

                var from = random.Next(4) > 0 ? some.FindAll(closing.Contains) : some;
                from = from.Count > 0 ? from : some;
                taken.Add(from[random.Next(from.Count)]);
                Assert.True(matcher.TryAccept(taken[^1]));
            }

            if (matcher.IsComplete)
            {
                ended++;
                JsonDocument.Parse(tokenizer.Decode(taken)).Dispose();
            }
        }

        Assert.InRange(ended, 20, 877);
    }

    private static CompiledConstraint? Compile(JsonDocument document)
    {
        try
        {
            return new ConstraintSource(ConstraintKind.JsonSchema, document.RootElement.GetProperty("schema").GetRawText()).Compile();
        }
        catch (ConstraintSyntaxException)
        {
            return null;
        }
    }

    private static void CheckMasks(TextTokenizer tokenizer, ConstraintKind kind, string constraint, string text)
    {
        var compiled = new ConstraintSource(kind, constraint).Compile();
        var trie = TokenTrie.Of(tokenizer);
        var state = compiled.Start;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            var mask = compiled.MaskOf(state, trie);
            for (int id = 0; id < tokenizer.VocabularySize; id++)
            {
                bool isIn = tokenizer.TextBytesOf(id) is { Length: > 0 } bytes && !compiled.Step(state, bytes).IsDead;
                Assert.True(isIn == mask.Contains(id), $"'{tokenizer.IdToPiece(id)}': {isIn} before '{(char)value}' of {text}");
            }

            state = compiled.Step(state, [value]);
            Assert.False(state.IsDead, $"dead behind '{(char)value}' of {text}");
        }

        Assert.True(state.IsComplete);
    }
}
