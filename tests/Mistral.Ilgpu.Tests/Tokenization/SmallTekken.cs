using System.Text;
using System.Text.Json.Nodes;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>A tekken.json of 256 bytes and a few tokens more.</summary>
internal static class SmallTekken
{
    public static JsonObject Json(int specials, IEnumerable<string> joined, int? size = null)
    {
        byte[][] tokens =
            [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), .. joined.Select(Encoding.UTF8.GetBytes)];
        return new JsonObject
        {
            ["config"] = new JsonObject
            {
                ["pattern"] = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
                ["default_vocab_size"] = size ?? (specials + tokens.Length),
                ["default_num_special_tokens"] = specials,
                ["version"] = "v3",
            },
            ["vocab"] = new JsonArray([.. tokens.Select((token, rank) => new JsonObject { ["rank"] = rank, ["token_bytes"] = Convert.ToBase64String(token) })]),
        };
    }
}
