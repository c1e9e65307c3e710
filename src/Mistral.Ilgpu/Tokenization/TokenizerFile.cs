using System.IO.Compression;
using System.Text.Json;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>Reads a tokenizer from any kind of file that Mistral's models have. The kind is detected from the content.</summary>
internal static class TokenizerFile
{
    private const int MostBytes = 256 << 20;

    // The largest known file takes 20 MB. A compressed file of a few kilobytes may claim any size.
    private const int MostUnpackedBytes = 64 << 20;

    /// <exception cref="ModelFileException">The file is missing, damaged or of another format.</exception>
    public static TextTokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > MostBytes } large
                ? throw new ModelFileException(path, $"found {large.Length} bytes, expected a tokenizer of at most {MostBytes}")
                : Load(File.ReadAllBytes(path), path, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"cannot be read ({exception.Message}), expected a tokenizer", exception);
        }
    }

    /// <param name="settings">The content of tokenizer_config.json, which Hugging Face stores beside its tokenizers.</param>
    internal static TextTokenizer Load(byte[] bytes, string source, byte[]? settings)
    {
        if (bytes is [0x1F, 0x8B, ..])
        {
            bytes = Unpack(bytes, source);
        }

        if (bytes.AsSpan().TrimStart("\uFEFF \t\r\n"u8) is not [(byte)'{', ..])
        {
            return SentencePieceBpe.Load(bytes, source);
        }

        return HasMember(bytes, "model", source)
            ? HuggingFaceTokenizer.Load(bytes, source, settings)
            : Tekken.Load(bytes, source);
    }

    private static bool HasMember(byte[] json, string name, string source)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals(name))
                {
                    return true;
                }

                reader.Skip();
            }

            return false;
        }
        // InvalidOperationException: a name with half of a surrogate pair cannot be compared.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelFileException(source, $"not valid JSON: {exception.Message}");
        }
    }

    private static byte[] Unpack(byte[] packed, string source)
    {
        try
        {
            using var unpacked = new MemoryStream();
            using var stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var buffer = new byte[81920];
            while (stream.Read(buffer) is var count and > 0)
            {
                if (unpacked.Length + count > MostUnpackedBytes)
                {
                    throw new ModelFileException(
                        source, $"found more than {MostUnpackedBytes} bytes when unpacked, expected a tokenizer");
                }

                unpacked.Write(buffer.AsSpan(0, count));
            }

            return unpacked.ToArray();
        }
        catch (InvalidDataException exception)
        {
            throw new ModelFileException(source, $"damaged ({exception.Message}), expected a packed tokenizer", exception);
        }
    }
}
