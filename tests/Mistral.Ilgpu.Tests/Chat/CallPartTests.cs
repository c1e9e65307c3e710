using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>Calls while they are under way.</summary>
public sealed class CallPartTests
{
    private static readonly TextTokenizer[] Tokenizers = [ChatTokenizers.OfTekken("v13"), ChatTokenizers.OfPieces()];

    /// <summary>However the text is cut into tokens, the parts are the calls.</summary>
    [Fact]
    public void Append_AnySplit_PartsAreTheWholeCalls() => Seeded.Run(1000, random =>
    {
        var tokenizer = Tokenizers[random.Next(2)];
        string answer = Answer(random, tokenizer);
        var whole = Pieces(tokenizer, Split(random, tokenizer, answer, longest: 1000), salt: null);

        var pieces = Pieces(tokenizer, Split(random, tokenizer, answer, random.Next(1, 6)), salt: "salt");

        var calls = pieces.Select(piece => piece.Call).OfType<ToolCall>().ToList();
        Assert.Equal(
            whole.Select(piece => piece.Call).OfType<ToolCall>().Select(call => (call.Name, call.Arguments)),
            calls.Select(call => (call.Name, call.Arguments)));
        Assert.Equal(Text(whole), Text(pieces));
        List<CallPart> parts = [];
        foreach (var piece in pieces)
        {
            if (piece.Part is { } part)
            {
                parts = part.Id is null ? [.. parts, part] : [part];
            }
            else if (piece.Call is { } call)
            {
                Assert.Equal((call.Id, call.Name), (parts[0].Id, parts[0].Name));
                Assert.Equal(call.Arguments, string.Concat(parts.Select(each => each.Arguments)));
                Assert.Single(parts.Select(each => each.Index).Distinct());
                parts = [];
            }
        }

        var begun = pieces.Where(piece => piece.Part?.Id is not null).Select(piece => piece.Part!.Value.Index).ToList();
        Assert.Equal(Enumerable.Range(0, begun.Count), begun);
    });

    [Theory]
    [InlineData("[TOOL_CALLS]f[ARGS]{\"city\": \"Pa", "f", "{\"city\": \"Pa")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": [1, {\"b\":", "f", "{\"a\": [1, {\"b\":")]
    [InlineData("[TOOL_CALLS][{\"arguments\": {\"a\": 1}, \"name\": \"f\"", "f", "{\"a\": 1}")]
    [InlineData("[TOOL_CALLS][{\"na\\u006de\": \"f\", \"x\": [{}], \"arguments\": {}", "f", "{}")]
    public void Append_CallUnderWay_TellsWhatIsCertain(string answer, string name, string arguments)
    {
        var tokenizer = Tokenizers[0];
        var parser = new ChatOutputParser(tokenizer, salt: "x");

        var parts = ParsedAnswer.Ids(tokenizer, answer).SelectMany(parser.Append).Select(piece => piece.Part!.Value).ToList();

        Assert.Equal(name, parts[0].Name);
        Assert.Equal(9, parts[0].Id!.Length);
        Assert.Equal(arguments, string.Concat(parts.Select(part => part.Arguments)));
    }

    [Theory]
    [InlineData("[TOOL_CALLS]f[ARGS]not json")]
    [InlineData("[TOOL_CALLS]f[ARGS]{not json}")]
    [InlineData("[TOOL_CALLS]f[ARGS]{ 'a': 1}")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {x}}]")]
    [InlineData("[TOOL_CALLS][{\"name\": 7, \"arguments\": {}}]")]
    [InlineData("[TOOL_CALLS]What is this?")]
    public void Append_NoCall_IsTextAndWasNeverTold(string answer)
    {
        var pieces = Pieces(Tokenizers[0], ParsedAnswer.Ids(Tokenizers[0], answer), "x");

        Assert.All(pieces, piece => Assert.Null(piece.Part));
        Assert.Equal(answer, Text(pieces));
    }

    private static string Text(List<ChatPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text + piece.Reasoning));

    private static List<ChatPiece> Pieces(TextTokenizer tokenizer, IEnumerable<int> ids, string? salt)
    {
        var parser = new ChatOutputParser(tokenizer, salt: salt);
        return [.. ids.SelectMany(parser.Append).ToList(), .. parser.End()];
    }

    // Control tokens stay whole, and text between them is cut anywhere.
    private static List<int> Split(Random random, TextTokenizer tokenizer, string answer, int longest)
    {
        List<int> ids = [];
        bool isText = false;
        foreach (string part in System.Text.RegularExpressions.Regex.Split(answer, @"(\[/?[A-Z_]+\]|</?s>)"))
        {
            isText = !isText;
            if (!isText || part.Length == 0)
            {
                ids.AddRange(part.Length == 0 ? [] : ParsedAnswer.Ids(tokenizer, part));
                continue;
            }

            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(part);
            ids.AddRange(longest > bytes.Length ? ParsedAnswer.Ids(tokenizer, part) : bytes.SelectMany(value => ByteId(tokenizer, value)));
        }

        return ids;
    }

    // A token of one byte, so that characters are cut too.
    private static IEnumerable<int> ByteId(TextTokenizer tokenizer, byte value)
    {
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer is ByteLevelBpe bytes
                ? !tokenizer.IsControl(id) && bytes.BytesOf(id) is [var only] && only == value
                : tokenizer.IdToPiece(id) == $"<0x{value:X2}>")
            {
                return [id];
            }
        }

        throw new InvalidOperationException($"no token of byte {value}");
    }

    private static string Answer(Random random, TextTokenizer tokenizer)
    {
        bool hasArguments = tokenizer.FindControl("[ARGS]") >= 0;
        string text = random.Next(2) == 0 ? "Let me see." : "";
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            string json = Object(random, 3);
            string broken = json[..random.Next(json.Length)];
            text += random.Next(hasArguments ? 5 : 3) switch
            {
                0 => $"[TOOL_CALLS][{Call(random, json)}]",
                1 => $"[TOOL_CALLS] [{Call(random, json)}, {Call(random, Object(random, 2))}]",
                2 => $"[TOOL_CALLS][{Call(random, broken)}",
                3 => $"[TOOL_CALLS]f[ARGS]{json}",
                _ => $"[TOOL_CALLS]f[ARGS]{broken}",
            };
        }

        return text;
    }

    private static string Call(Random random, string arguments)
    {
        string[] members = [$"\"name\": \"f{random.Next(9)}\"", $"\"arguments\": {arguments}", "\"id\": \"123456789\"", "\"x\": [{}, 1]"];
        random.Shuffle(members);
        string kept = string.Join(", ", members.Where(member => !member.StartsWith("\"id", StringComparison.Ordinal) || random.Next(2) == 0));
        return $"{{{kept}}}";
    }

    private static string Object(Random random, int depth) =>
        $"{{{string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(i => $"\"k{i}é\": {Value(random, depth - 1)}"))}}}";

    private static string Value(Random random, int depth) => random.Next(depth > 0 ? 6 : 4) switch
    {
        0 => "\"a \\\"b\\\" }] \\u00e9日\"",
        1 => "-1.5e3",
        2 => "true",
        3 => "null",
        4 => $"[{Value(random, depth - 1)}, {Value(random, depth - 1)}]",
        _ => Object(random, depth),
    };
}
