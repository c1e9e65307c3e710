using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>A model's tokenizer in a few words, or why there is none.</summary>
/// <param name="Kind">SentencePiece, byte-level BPE, or nothing where it could not be read.</param>
/// <param name="Fault">Why it could not be read.</param>
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
            // The rest of the model is worth showing all the same.
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
