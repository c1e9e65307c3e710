using System.Buffers.Binary;
using System.Globalization;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>The metadata of a GGUF file: values by key, with typed access.</summary>
internal sealed class GgufMetadata(string file, IReadOnlyDictionary<string, object> values)
{
    /// <summary>
    /// The values: numbers as <see cref="double"/>, flags as <see cref="bool"/>, texts as <see cref="string"/>, lists as
    /// <see cref="GgufNumbers"/> or <c>string[]</c>.
    /// </summary>
    public IReadOnlyDictionary<string, object> Values { get; } = values;

    public string File { get; } = file;

    public static int SizeOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        _ => 8,
    };

    // A double is enough, because no whole number of a model's metadata exceeds 2^53.
    public static double Number(GgufType type, ReadOnlySpan<byte> bytes) => type switch
    {
        GgufType.UInt8 or GgufType.Bool => bytes[0],
        GgufType.Int8 => (sbyte)bytes[0],
        GgufType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        GgufType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        GgufType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        GgufType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        GgufType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        GgufType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        GgufType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
    };

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        string text => text,
        var value => throw Error(key, value, "text"),
    };

    public bool? Flag(string key) => Find(key) switch
    {
        null => null,
        bool flag => flag,
        var value => throw Error(key, value, "true or false"),
    };

    public double? Number(string key) => Find(key) switch
    {
        null => null,
        double number when double.IsFinite(number) => number,
        var value => throw Error(key, value, "a number"),
    };

    /// <summary>A whole number of at least <paramref name="least"/>; null if the key is absent.</summary>
    public int? Count(string key, int least = 1) => Number(key) switch
    {
        null => null,
        { } number when number == Math.Floor(number) && number >= least && number <= int.MaxValue => (int)number,
        var number => throw Error(key, number, $"a whole number from {least}"),
    };

    public int RequiredCount(string key) => Count(key) ?? throw Error(key, "nothing", "a whole number from 1");

    public IReadOnlyList<string>? Texts(string key) => Find(key) switch
    {
        null => null,
        string[] texts => texts,
        GgufNumbers { Bytes.Length: 0 } => [],
        var value => throw Error(key, value, "a list of texts"),
    };

    public GgufNumbers? Numbers(string key) => Find(key) switch
    {
        null => null,
        GgufNumbers numbers => numbers,
        var value => throw Error(key, value, "a list of numbers"),
    };

    public ModelFileException Error(string key, object found, string expected)
    {
        string text = found switch
        {
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            string value => value.Length > 80 ? value[..80] + "…" : value,
            bool flag => flag ? "true" : "false",
            string[] texts => $"a list of {texts.Length} texts",
            GgufNumbers numbers => $"a list of {numbers.Count} numbers",
            _ => $"{found}",
        };
        return new ModelFileException(File, $"{key}: found {text}, expected {expected}");
    }

    private object? Find(string key) => Values.GetValueOrDefault(key);
}
