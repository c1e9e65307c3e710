using Google.Protobuf;
using Mistral.Ilgpu.Tokenization.Proto;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Reads a SentencePiece model file and refuses features that <see cref="SentencePieceBpe"/> does not support, by name.
/// </summary>
internal static class ModelValidation
{
    private const int LargestFile = 256 << 20; // the largest known vocabularies take 5 MB

    public static ModelProto Parse(Stream stream, string source)
    {
        try
        {
            return Parse(ReadAll(stream, source), source);
        }
        catch (IOException exception)
        {
            throw Damaged(source, exception);
        }
    }

    public static ModelProto Parse(byte[] bytes, string source)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw Damaged(source, exception);
        }
    }

    public static void RequireSupported(ModelProto model, string source)
    {
        if (model.TrainerSpec is not { } trainer)
            throw new ModelFileException(source, "no trainer settings, expected a complete SentencePiece model");
        if (trainer.ModelType != TrainerSpec.Types.ModelType.Bpe)
            throw new ModelFileException(source, $"model type {trainer.ModelType.ToString().ToUpperInvariant()}, expected BPE");
        if (trainer.TreatWhitespaceAsSuffix)
            throw new ModelFileException(source, "whitespace is treated as a suffix, expected a prefix");

        if (model.NormalizerSpec is not { } normalizer)
            throw new ModelFileException(source, "no normalizer settings, expected a complete SentencePiece model");
        if (!normalizer.PrecompiledCharsmap.IsEmpty)
            throw new ModelFileException(source, $"normalizer '{normalizer.Name}', expected identity");
        if (normalizer.RemoveExtraWhitespaces)
            throw new ModelFileException(source, "the normalizer removes extra whitespace, expected all whitespace kept");
        if (!normalizer.EscapeWhitespaces)
            throw new ModelFileException(source, "the normalizer leaves spaces unescaped, expected them escaped to U+2581");
        if (model.DenormalizerSpec is { PrecompiledCharsmap.IsEmpty: false })
            throw new ModelFileException(source, $"denormalizer '{model.DenormalizerSpec.Name}', expected none");
    }

    private static ModelFileException Damaged(string source, IOException exception) =>
        new(source, $"damaged or of another format ({exception.Message}), expected a SentencePiece model", exception);

    private static byte[] ReadAll(Stream stream, string source)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[81920];
        while (stream.Read(buffer) is var count and > 0)
        {
            if (copy.Length + count > LargestFile)
                throw new ModelFileException(source, $"more than {LargestFile >> 20} MiB, expected a SentencePiece model");
            copy.Write(buffer.AsSpan(0, count));
        }

        return copy.ToArray();
    }
}
