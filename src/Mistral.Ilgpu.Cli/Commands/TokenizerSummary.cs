using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>A summary of a model's tokenizer, or the reason why it cannot be read.</summary>
/// <param name="Kind">SentencePiece or byte-level BPE; null if it cannot be read.</param>
/// <param name="Fault">The reason why it cannot be read; null if there is none.</param>
internal sealed record TokenizerSummary(
    string? Kind, int VocabularySize, int BosId, int EosId, string? ChatVersion, string? Fault)
{
    public string Text => Fault ?? string.Create(
        CultureInfo.InvariantCulture,
        $"{Kind}, {VocabularySize} pieces, starts with {BosId}, ends with {EosId}, chat format {ChatVersion}");

    public static TokenizerSummary Of(Checkpoint checkpoint)
    {
        try
        {
            var tokenizer = checkpoint.Tokenizer;
            return new TokenizerSummary(
                tokenizer is SentencePieceBpe ? "SentencePiece" : "byte-level BPE",
                tokenizer.VocabularySize,
                tokenizer.BosId,
                tokenizer.EosId,
                TokenizerVersion.Of(tokenizer),
                null);
        }
        catch (ModelFileException exception)
        {
            // The command continues, because the rest of the model can still be shown.
            return new TokenizerSummary(null, 0, -1, -1, null, exception.Message);
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("tokenizer");
        if (Fault is not null)
        {
            json.WriteString("error", Fault);
        }
        else
        {
            json.WriteString("kind", Kind);
            json.WriteNumber("vocabulary_size", VocabularySize);
            json.WriteNumber("bos_id", BosId);
            json.WriteNumber("eos_id", EosId);
            json.WriteString("chat_version", ChatVersion);
        }

        json.WriteEndObject();
    }
}
