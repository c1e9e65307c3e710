using System.Text.RegularExpressions;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>An answer as the parser takes it apart, neighbouring pieces of one kind joined.</summary>
internal static partial class ParsedAnswer
{
    /// <summary>The ids of a text in which control tokens are written as they are called.</summary>
    public static int[] Ids(TextTokenizer tokenizer, string text) =>
        [.. ControlToken().Split(text).Where(part => part.Length > 0).SelectMany(part =>
            tokenizer.FindControl(part) is >= 0 and var id ? [id] : tokenizer.EncodeToIds(part))];

    public static List<ChatPiece> Of(TextTokenizer tokenizer, string text, params string[] stops) =>
        Of(new ChatOutputParser(tokenizer, stops), Ids(tokenizer, text));

    public static List<ChatPiece> Of(ChatOutputParser parser, IEnumerable<int> ids)
    {
        var pieces = ids.SelectMany(parser.Append).ToList();
        return Join([.. pieces, .. parser.End()]);
    }

    public static List<ChatPiece> Join(IEnumerable<ChatPiece> pieces)
    {
        List<ChatPiece> joined = [];
        foreach (var piece in pieces)
        {
            int kinds = (piece.Text.Length > 0 ? 1 : 0) + (piece.Reasoning.Length > 0 ? 1 : 0) + (piece.Call is null ? 0 : 1);
            Assert.Equal(1, kinds);
            if (joined is [.., { Call: null } last] && piece.Call is null && (last.Text.Length > 0) == (piece.Text.Length > 0))
                joined[^1] = new(last.Text + piece.Text, last.Reasoning + piece.Reasoning, null);
            else joined.Add(piece);
        }

        return joined;
    }

    public static ChatPiece Text(string text) => new(text, "", null);

    public static ChatPiece Reasoning(string text) => new("", text, null);

    public static ChatPiece Call(string name, string arguments, string? id) => new("", "", new ToolCall(name, arguments, id));

    [GeneratedRegex(@"(\[/?[A-Z_]+\]|</?s>)")]
    private static partial Regex ControlToken();
}
