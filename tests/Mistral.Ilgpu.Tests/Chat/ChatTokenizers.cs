using System.Text;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>Small tokenizers with the control tokens of the chat formats.</summary>
internal static class ChatTokenizers
{
    /// <summary>Control tokens that are not among Tekken's first: mistral-common's tests give them these ids.</summary>
    private static readonly (string Piece, int Id)[] Later =
    [
        ("[ARGS]", 32), ("[CALL_ID]", 33), ("[THINK]", 35), ("[/THINK]", 36), ("[MODEL_SETTINGS]", 37), ("[/MODEL_SETTINGS]", 38),
    ];

    /// <summary>A tekken.json of the bytes, a few joined ones, and a hundred control tokens.</summary>
    public static JsonObject TekkenJson(string version)
    {
        var file = SmallTekken.Json(100, ["he", " t", "the", "é", "{\"", "\": ", "\"}"]);
        file["config"]!["version"] = version;
        file["special_tokens"] = new JsonArray([.. Tekken.FirstSpecials.Select((piece, id) => (piece, id)).Concat(Later).Select(
            token => new JsonObject { ["rank"] = token.Item2, ["token_str"] = token.Item1, ["is_control"] = true })]);
        return file;
    }

    public static ByteLevelBpe OfTekken(string version) => Load(TekkenJson(version));

    public static ByteLevelBpe Load(JsonObject file) => Tekken.Load(Encoding.UTF8.GetBytes(file.ToJsonString()), "tekken.json");

    /// <summary>SentencePiece with bytes and the control tokens of formats up to v7.</summary>
    public static SentencePieceBpe OfPieces() => new[]
        {
            "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]",
            "[PREFIX]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
        }
        .Aggregate(
            SmallModel.Proto(("▁", -10), ("a", -11), ("▁a", -1), ("{\"", -2), ("\":", -3)),
            (model, piece) => model.With(piece, PieceType.Control))
        .Load();

    /// <summary>The text with its control tokens.</summary>
    public static string TextOf(TextTokenizer tokenizer, IEnumerable<int> ids)
    {
        var decoder = tokenizer.CreateDecoder();
        return string.Concat(ids.Select(id =>
            decoder.Append(id) + (tokenizer.IsControl(id) ? tokenizer.IdToPiece(id) : ""))) + decoder.Flush();
    }
}
