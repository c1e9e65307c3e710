using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>The text of one token by itself, as log-probabilities name it.</summary>
internal static class TokenText
{
    /// <summary>The bytes that the token stands for; of a control token those of its name.</summary>
    public static byte[] BytesOf(TextTokenizer tokenizer, int id)
    {
        // A model's vocabulary may be padded past its tokenizer's.
        if (id >= tokenizer.VocabularySize)
        {
            return [];
        }

        return (tokenizer.IsControl(id) ? null : tokenizer.TextBytesOf(id)) ?? Encoding.UTF8.GetBytes(tokenizer.IdToPiece(id));
    }

    /// <summary>The token as text. Bytes that are no whole characters are written as OpenAI writes them:
    /// <c>bytes:\xe2\x82</c>.</summary>
    public static string Of(TextTokenizer tokenizer, int id)
    {
        byte[] bytes = BytesOf(tokenizer, id);
        return Utf8.IsValid(bytes)
            ? Encoding.UTF8.GetString(bytes)
            : "bytes:" + string.Concat(bytes.Select(value => $"\\x{value.ToString("x2", CultureInfo.InvariantCulture)}"));
    }
}
