using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;
using static Mistral.Ilgpu.Tests.Chat.ParsedAnswer;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>Random answers: of random ids, and of random parts whose pieces are known.</summary>
public sealed class ChatOutputFuzzTests
{
    private static readonly TextTokenizer[] Tokenizers = [ChatTokenizers.OfTekken("v15"), ChatTokenizers.OfPieces()];
    private static readonly string[] Syntax = ["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]", "</s>"];

    [Fact]
    public void Append_RandomIds_LosesNoText()
    {
        int withoutCalls = 0;
        Seeded.Run(2000, random =>
        {
            var tokenizer = Tokenizers[random.Next(2)];
            int[] syntax = [.. Syntax.Select(tokenizer.FindControl).Where(id => id >= 0)];
            int[] json = [.. "{}[]\",:1 \\".SelectMany(character => tokenizer.EncodeToIds($"{character}"))];
            int[] ids = [.. Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(4) switch
            {
                0 => syntax[random.Next(syntax.Length)],
                1 => json[random.Next(json.Length)],
                _ => random.Next(tokenizer.VocabularySize),
            })];

            var found = Of(new ChatOutputParser(tokenizer), ids);

            if (found.Exists(piece => piece.Call is not null)) return;
            withoutCalls++;
            string text = string.Concat(found.Select(piece => piece.Text + piece.Reasoning));
            Assert.Equal(
                Visible(tokenizer, ids),
                Syntax.Aggregate(text, (all, token) => all.Replace(token, "", StringComparison.Ordinal)));
        });
        Assert.True(withoutCalls > 1500, $"{withoutCalls} answers without calls");
    }

    [Fact]
    public void Append_RandomParts_AreWhatTheyWere() => Seeded.Run(500, random =>
    {
        var tokenizer = Tokenizers[0];
        var parts = Enumerable.Range(0, random.Next(1, 12)).Select(_ => Part(random)).ToList();
        var ids = parts.SelectMany(part => Ids(tokenizer, part.Answer));
        var expected = Join(parts.SelectMany(part => part.Pieces));

        var found = Of(new ChatOutputParser(tokenizer), ids);

        Assert.Equal(expected.Select(WithoutId), found.Select(WithoutId));
        var given = expected.Zip(found).Where(pair => pair.First.Call?.Id is not null);
        Assert.All(given, pair => Assert.Equal(pair.First.Call!.Id, pair.Second.Call!.Id));
    });

    /// <summary>A part of an answer that begins with a control token, and its pieces.</summary>
    private static (string Answer, ChatPiece[] Pieces) Part(Random random)
    {
        string text = Words(random);
        string json = $$"""{"{{Words(random)}}": [{{random.Next(1000)}}, "{{Words(random)}}\"]}"]}""";
        switch (random.Next(6))
        {
            case 0:
                return ($"[/THINK]{text}", [Text(text)]);
            case 1:
                return ($"[THINK]{text}", [Reasoning(text)]);
            case 2:
                return ($"[TOOL_CALLS]f[CALL_ID]123456789[ARGS]{json} ", [Call("f", json, "123456789")]);
            case 3:
                return ($"[TOOL_CALLS]f[ARGS]{json}", [Call("f", json, null)]);
            case 4:
                string one = $$"""{"name": "g", "arguments": {{json}}, "id": "abcdefghi"}""";
                return ($"[TOOL_CALLS][{one}, {one}]", [Call("g", json, "abcdefghi"), Call("g", json, "abcdefghi")]);
            default:
                int end = random.Next(1, json.Length);
                string broken = $"[TOOL_CALLS]{text}[ARGS]{json[..(char.IsHighSurrogate(json[end - 1]) ? end + 1 : end)]}";
                return (broken + (random.Next(2) == 0 ? "</s>" : ""), [Text(broken)]);
        }
    }

    // Without what JSON escapes, and without the brackets that begin a list.
    private static string Words(Random random)
    {
        string[] parts = ["a", " ", "é", "日", "🙂", "}", ":", "{", ",", "1"];
        string words = string.Concat(random.GetItems(parts, random.Next(1, 8))).Trim();
        return words.Length > 0 ? words : "a";
    }

    private static ChatPiece WithoutId(ChatPiece piece) =>
        piece.Call is { } call ? Call(call.Name, call.Arguments, null) : piece;

    /// <summary>What ids show when what stands between control tokens is decoded by itself.</summary>
    private static string Visible(TextTokenizer tokenizer, int[] ids)
    {
        string text = "";
        var decoder = tokenizer.CreateDecoder();
        foreach (int id in ids)
        {
            text += decoder.Append(id);
            string piece = tokenizer.IdToPiece(id);
            if (tokenizer.IsControl(id) && Syntax.Contains(piece) && piece != "</s>") decoder = tokenizer.CreateDecoder();
        }

        return text + decoder.Flush();
    }
}
