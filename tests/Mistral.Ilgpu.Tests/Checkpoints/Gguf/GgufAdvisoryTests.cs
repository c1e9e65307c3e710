using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>
/// The shapes of files in published advisories of GGUF's readers, each refused by what is wrong in it before anything of that
/// size is allocated. The advisories' own files are not public; these are made from the descriptions.
/// </summary>
public sealed class GgufAdvisoryTests
{
    private const int Float32 = 0;
    private const ulong TextType = 8;
    private const ulong ListType = 9;
    private const ulong UInt64Type = 10;

    public static TheoryData<string, string> Advisories => new()
    {
        // Cisco Talos 2024-1912 to 1916, llama.cpp: numbers of the header that sizes of allocations were made of.
        { "CVE-2024-21802: more dimensions than a tensor has room for", "t: found 5 dimensions, expected 1 to 4" },
        { "CVE-2024-21825: a list of texts whose size wraps", "k: found 1152921504606846977 texts, expected no more" },
        { "CVE-2024-21836: a count of tensors whose size wraps", "header: found 209622091746699451 tensors, expected no more" },
        { "CVE-2024-23496: a text whose length wraps with its end", "metadata 0: found 18446744073709551615 bytes" },
        { "CVE-2024-23605: a count of values whose size wraps", "header: found 384307168202282326 metadata values, expected" },
        // Databricks, March 2024, ggml: the same fields, and the items of lists.
        { "CVE-2024-25664: more values than the file has", "header: found 2147483648 metadata values, expected" },
        { "CVE-2024-25665: a text longer than the file", "k: found 4611686018427387904 bytes of text, expected" },
        { "CVE-2024-25666: more tensors than the file has", "header: found 2147483648 tensors, expected no more" },
        { "CVE-2024-25667: a list of numbers whose size wraps", "k: found 2305843009213693953 numbers, expected no more" },
        { "CVE-2024-25668: a list of texts longer than the file", "k: found 4294967297 texts, expected no more" },
        { "Databricks: an alignment of nothing", "general.alignment: found 0, expected a whole number from 1" },
        // llama.cpp, 2025 and 2026: sizes of tensors.
        { "CVE-2025-49847: a token longer than 31 bits count", "tokenizer.ggml.tokens: found 2147483648 bytes" },
        { "CVE-2025-53630: tensors whose sizes add up to nothing", "t: found an end at byte" },
        { "CVE-2026-27940: a size that wraps with the tensors' own", "t: found a dimension of 4611686018427387776" },
        { "CVE-2026-33298: dimensions whose product wraps", "t: found an end at byte" },
        { "llama.cpp issue 27203: dimensions whose product is negative", "t: found a dimension of 9223372036854775807" },
        { "gguf-py: lists of lists without end", "k: found a list of lists" },
        // Ollama, 2026: conversion read behind the file's end.
        { "CVE-2026-7482: a tensor larger than the file", "t: found an end at byte" },
        { "CVE-2026-7482: a tensor behind the file", "t: found an end at byte" },
    };

    [Theory]
    [MemberData(nameof(Advisories))]
    public void Open_ShapeOfAnAdvisory_IsRefusedByName(string advisory, string message)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        File.WriteAllBytes(path, Shape(advisory));
        long before = GC.GetAllocatedBytesForCurrentThread();
        string found = Assert.Throws<ModelFileException>(() => Checkpoint.Open(path)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.Contains(message, found);
        Assert.DoesNotContain('\n', found);
    }

    private static byte[] Shape(string advisory) => advisory.Split(':')[0] switch
    {
        "CVE-2024-21802" => Tensors([1, 1, 1, 1, 1]),
        "CVE-2024-21825" => List("k", TextType, (1UL << 60) + 1),
        "CVE-2024-21836" => Header(tensors: (ulong.MaxValue / 88) + 1, values: 0),
        "CVE-2024-23496" => [.. Header(0, 1), .. Words(ulong.MaxValue, 0, 0)],
        "CVE-2024-23605" => Header(0, (ulong.MaxValue / 48) + 1),
        "CVE-2024-25664" => [.. Header(0, 1UL << 31), .. Key("k", TextType), .. Words(0)],
        "CVE-2024-25665" => [.. Header(0, 1), .. Key("k", TextType), .. Words(1UL << 62)],
        "CVE-2024-25666" => Header(1UL << 31, 0),
        "CVE-2024-25667" => List("k", UInt64Type, (1UL << 61) + 1),
        "CVE-2024-25668" => List("k", TextType, (1UL << 32) + 1),
        "Databricks" => [.. Header(0, 1), .. Key("general.alignment", 4), 0, 0, 0, 0],
        "CVE-2025-49847" => [.. List("tokenizer.ggml.tokens", TextType, 1)[..^32], .. Words(1UL << 31, 0, 0, 0)],
        "CVE-2025-53630" => Tensors([1 << 30, 1 << 30], [1 << 30, 1 << 30], [1 << 30, 1 << 30], [1 << 30, 1 << 30]),
        "CVE-2026-27940" => Tensors([(1UL << 62) - 128]),
        "CVE-2026-33298" => Tensors([1 << 20, int.MaxValue, int.MaxValue, 4]),
        "llama.cpp issue 27203" => Tensors([long.MaxValue, 2]),
        "gguf-py" => [.. List("k", ListType, 1)[..^32], .. Words(ListType << 32, 0)],
        _ when advisory.EndsWith("behind the file", StringComparison.Ordinal) =>
            [.. Header(1, 0), .. Tensor("t", 1UL << 40, [8]), .. new byte[64]],
        _ => [.. Tensors([64, 1024]), .. new byte[64]],
    };

    private static byte[] Header(ulong tensors, ulong values) => [.. "GGUF"u8, 3, 0, 0, 0, .. Words(tensors, values)];

    /// <summary>A value's name and type.</summary>
    private static byte[] Key(string key, ulong type) => [.. Text(key), .. BitConverter.GetBytes((uint)type)];

    /// <summary>A file of one list and a few bytes for its items.</summary>
    private static byte[] List(string key, ulong type, ulong count) =>
        [.. Header(0, 1), .. Key(key, ListType), .. BitConverter.GetBytes((uint)type), .. Words(count), .. new byte[32]];

    private static byte[] Tensors(params ulong[][] shapes) =>
        [.. Header((ulong)shapes.Length, 0), .. shapes.SelectMany((shape, i) => Tensor(i == 0 ? "t" : $"t{i}", 0, shape))];

    private static byte[] Tensor(string name, ulong offset, ulong[] shape) =>
        [.. Text(name), .. Int(shape.Length), .. Words(shape), .. Int(Float32), .. Words(offset)];

    private static byte[] Text(string text) => [.. Words((ulong)text.Length), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Int(int value) => BitConverter.GetBytes(value);

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];
}
