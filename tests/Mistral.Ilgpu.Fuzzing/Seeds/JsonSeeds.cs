using System.Text;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using TekkenFile = Mistral.Ilgpu.Tokenization.Tekken;

namespace Mistral.Ilgpu.Fuzzing.Seeds;

/// <summary>Small files in JSON, as bytes.</summary>
internal static class JsonSeeds
{
    private static readonly string[] LaterSpecials = ["[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"];
    private static readonly string[] Settings = ["[MODEL_SETTINGS]", "[/MODEL_SETTINGS]"];

    /// <summary>tekken.json of 256 bytes, a few joined ones and the control tokens of a chat format.</summary>
    public static byte[] Tekken(string version)
    {
        string[] specials =
        [
            .. TekkenFile.FirstSpecials, .. version is "v11" or "v13" or "v15" ? LaterSpecials : [],
            .. version is "v15" ? Settings : [],
        ];
        var file = SmallTekken.Json(specials.Length, ["he", " t", "the", "\u00e9"]);
        file["config"]!["version"] = version;
        file["special_tokens"] = new JsonArray([.. specials.Select((text, rank) =>
            new JsonObject { ["rank"] = rank, ["token_str"] = text, ["is_control"] = true })]);
        if (version is "v15")
        {
            file[ReasoningEfforts.Field] = ReasoningEfforts.Write(new ReasoningEfforts(["none", "high"], true, "none"));
        }

        return Bytes(file);
    }

    /// <summary>tokenizer.json over bytes, as GPT-2 spells them.</summary>
    public static byte[] ByteLevelTokenizer()
    {
        var vocabulary = new JsonObject();
        for (int value = 0; value < 256; value++)
        {
            vocabulary[Gpt2Bytes.Write([(byte)value])] = value + 2;
        }

        vocabulary["he"] = 258;
        return Bytes(new JsonObject
        {
            ["added_tokens"] = new JsonArray(Added(0, "<s>"), Added(1, "</s>")),
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = @"\p{N}| ?[^\s]+|\s+" } },
                    new JsonObject { ["type"] = "ByteLevel" }),
            },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("h e") },
        });
    }

    /// <summary>tokenizer.json converted from SentencePiece.</summary>
    public static byte[] PieceTokenizer() => """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true},
        {"id": 7, "content": "<x>", "special": false}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}]},
        "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": false,
        "vocab": {"<unk>": 0, "<s>": 1, "\u2581": 2, "a": 3, "b": 4, "\u2581a": 5, "ab": 6}, "merges": ["\u2581 a", ["a", "b"]]}}
        """u8.ToArray();

    private static JsonObject Added(int id, string text) => new() { ["id"] = id, ["content"] = text, ["special"] = true };

    private static byte[] Bytes(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());
}
